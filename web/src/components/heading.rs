//! The first heading of a page. Names the document, and takes the focus after a change of page,
//! so that a screen reader starts to read there.

use leptos::{html, prelude::*};

use crate::state::Overlay;

/// `h1`; it does not take the focus on the first page of a visit.
#[component]
pub(crate) fn PageHeading(
    /// Name of the document.
    title: &'static str,
    /// The words of the heading.
    children: Children,
) -> impl IntoView {
    let heading = NodeRef::<html::H1>::new();
    let overlay = expect_context::<Overlay>();
    document().set_title(&format!("{title} · Digital Detox"));
    Effect::new(move || {
        let Some(heading) = heading.get() else { return };
        if overlay.navigated.get_value() {
            // Focus can only fail for an element that is not shown.
            let _ = heading.focus();
        }
        overlay.navigated.set_value(true);
    });
    view! { <h1 class="page__title" tabindex="-1" node_ref=heading>{children()}</h1> }
}
