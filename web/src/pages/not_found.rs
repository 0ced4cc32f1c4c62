//! An address without a page.

use leptos::prelude::*;

use crate::components::PageHeading;

/// Leads back to where things are.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <PageHeading title="Not found">"There is no page here"</PageHeading>
        <p>"The address may be old or mistyped. "<a href="/">"Go to the start page"</a></p>
    }
}
