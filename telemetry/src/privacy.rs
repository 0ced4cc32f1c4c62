//! What a process must not leave behind when something breaks: a panic's message may quote a person's words (slicing a
//! text in the middle of a character does), and a core file holds all that is in memory.

use std::panic::{Location, PanicHookInfo};

/// Libraries that write what they work on into their finer lines, and so a person's words: `tokenizers` names every
/// character of a text. Whatever the filter says, they may write at "info" only.
const WORDY_LIBRARIES: [&str; 1] = ["tokenizers"];

/// A filter in EnvFilter's syntax with which these libraries stay short, whatever it said of them. A second,
/// dynamic filter would be stricter, but with it tracing lost lines of others that followed a check of `enabled!`.
pub(crate) fn without_words(filter: &str) -> String {
    let is_wordy = |part: &&str| {
        let target = part.trim();
        WORDY_LIBRARIES.iter().any(|name| target.starts_with(name))
    };
    let kept = filter.split(',').filter(|part| !is_wordy(part));
    let short = WORDY_LIBRARIES.map(|name| format!("{name}=info"));
    kept.map(str::to_owned)
        .chain(short)
        .collect::<Vec<_>>()
        .join(",")
}

/// For the whole process: panics are logged with their place only, and no core file is written. Call first in `main`.
pub fn protect() {
    log_without_message();
    let none = rustix::process::Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A limit that may not be lowered leaves things as they are.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}

fn log_without_message() {
    std::panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        tracing::error!(place = place(info.location()), "a thread panicked");
    }));
}

fn place(location: Option<&Location<'_>>) -> String {
    location.map_or_else(
        || "unknown".to_owned(),
        |location| format!("{}:{}", location.file(), location.line()),
    )
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::{Layer, layer::SubscriberExt};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_library_that_names_what_it_works_on_is_kept_short() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let filter = without_words("trace,tokenizers::tokenizer=trace");
        let filter = tracing_subscriber::EnvFilter::new(filter);
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter));
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "tokenizers::tokenizer::normalizer", "Replacing char 'z'");
            tracing::debug!(target: "tokenizers", "z");
            tracing::info!(target: "tokenizers", "loaded");
            tracing::trace!(target: "h2", "a frame");
        });
        let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("loaded") && logged.contains("a frame"));
        assert!(!logged.contains('\''), "{logged}");
    }

    #[test]
    fn a_panic_is_logged_with_its_place_and_without_its_words() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let hook = std::panic::take_hook();
        log_without_message();
        let words = "zqcanary\u{e9}".to_owned();
        tracing::subscriber::with_default(subscriber, || {
            let sliced = std::panic::catch_unwind(|| words[..words.len() - 1].len());
            assert!(sliced.is_err());
        });
        std::panic::set_hook(hook);
        let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("privacy.rs:"), "{logged}");
        assert!(!logged.contains("zqcanary"), "{logged}");
    }
}
