//! The browser front end. In: what a person types and the gateway's answers. Out: pages.
//! Only the entry point: it takes the place of the static page that `index.html` shows first.

#![allow(
    unreachable_pub,
    reason = "the component macro writes `pub` beside what it is given"
)]
#![allow(clippy::needless_pass_by_value, reason = "components own their props")]

mod api;
mod app;
mod components;
mod pages;
mod state;

use leptos::{prelude::document, wasm_bindgen::JsCast};

fn main() {
    console_error_panic_hook::set_once();
    let Some(root) = document().get_element_by_id("app") else {
        return;
    };
    let Ok(root) = root.dyn_into::<web_sys::HtmlElement>() else {
        return;
    };
    root.set_inner_html("");
    leptos::mount::mount_to(root, app::App).forget();
}
