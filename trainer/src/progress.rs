//! Progress bars on standard error; indicatif hides them when nobody watches.

use std::io::Write;

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

/// Counts a step of a long stage; where no bar can be drawn, says every tenth of the way in a line.
pub fn step(bar: &ProgressBar, what: &str) {
    bar.inc(1);
    let (Some(total), done) = (bar.length(), bar.position()) else {
        return;
    };
    if bar.is_hidden() && done % (total / 10).max(1) == 0 {
        // Nobody who reads along is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{what}: {done} of {total}");
    }
}
