//! The header, connected: who is here, the theme, help and leaving.

use leptos::prelude::*;

use super::leave::Leave;
use crate::{
    components::Header,
    state::{Overlay, SessionState, ThemeState},
};

/// On every page but the one that is left behind.
#[component]
pub(crate) fn PageHeader() -> impl IntoView {
    let session = expect_context::<SessionState>();
    let overlay = expect_context::<Overlay>();
    let theme = expect_context::<ThemeState>();
    let leave = Leave::from_context();
    view! {
        <Header
            signed_in=Signal::derive(move || session.is_here())
            theme=theme.shown()
            on_help=Callback::new(move |()| overlay.help_open.set(true))
            on_leave=Callback::new(move |()| leave.now())
            on_theme=Callback::new(move |()| theme.toggle())
        />
    }
}
