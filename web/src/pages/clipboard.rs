//! Puts text on the clipboard, and tells whether that worked.

use leptos::prelude::window;
use wasm_bindgen_futures::JsFuture;

/// False where the browser refuses, or has no clipboard for pages without HTTPS.
pub(crate) async fn put(text: &str) -> bool {
    let clipboard = window().navigator().clipboard();
    // Browsers leave it out, against the type, where the page has no secure context.
    if clipboard.is_undefined() {
        return false;
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}
