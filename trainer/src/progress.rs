//! Progress bars on standard error; indicatif hides them when nobody watches.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts `total` steps of `what`.
#[must_use]
pub fn bar(total: usize, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
    let style = "{msg:<22} [{bar:40}] {pos}/{len} {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(what.to_owned());
    bar
}
