//! The bar on every page: name, help, leave, theme, and the way between the pages of a session.

use leptos::prelude::*;
use leptos_router::components::A;

use super::Logo;
use crate::state::Theme;

/// Help and leaving are always one tap away.
#[component]
pub(crate) fn Header(
    /// Shows the links between the pages of a session.
    signed_in: Signal<bool>,
    /// What is shown now.
    theme: Signal<Theme>,
    /// "Get help now".
    on_help: Callback<()>,
    /// "Leave now".
    on_leave: Callback<()>,
    /// The other theme.
    on_theme: Callback<()>,
) -> impl IntoView {
    view! {
        <header class="header">
            <div class="header__bar">
                <a class="brand" href="/" aria-label="Digital Detox, start page">
                    <Logo />
                    <span class="brand__name">"Digital Detox"</span>
                </a>
                <div class="header__actions">
                    <ThemeToggle theme=theme on_theme=on_theme />
                    <button type="button" class="button button--leave" data-testid="leave"
                        on:click=move |_| on_leave.run(())>"Leave now"</button>
                    <button type="button" class="button button--help" data-testid="helplines"
                        aria-haspopup="dialog" on:click=move |_| on_help.run(())>"Get help now"</button>
                </div>
            </div>
            <Show when=move || signed_in.get()><SessionLinks /></Show>
        </header>
    }
}

#[component]
fn SessionLinks() -> impl IntoView {
    view! {
        <nav class="tabs" aria-label="Pages">
            <A href="/questionnaire">"Questions"</A>
            <A href="/result">"Result"</A>
            <A href="/chat">"Chat"</A>
            <A href="/insights">"Insights"</A>
        </nav>
    }
}

#[component]
fn ThemeToggle(theme: Signal<Theme>, on_theme: Callback<()>) -> impl IntoView {
    let dark = move || theme.get() == Theme::Dark;
    view! {
        <button type="button" class="button button--icon" data-testid="theme-toggle"
            aria-label="Dark theme" title="Dark theme"
            aria-pressed=move || if dark() { "true" } else { "false" }
            on:click=move |_| on_theme.run(())>
            <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
                <path class="icon" d=move || if dark() { SUN } else { MOON } />
            </svg>
        </button>
    }
}

const MOON: &str = "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z";
const SUN: &str = "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2\
    M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M19.1 4.9l-1.4 1.4M6.3 17.7l-1.4 1.4";
