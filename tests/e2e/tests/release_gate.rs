//! The release gate: every suite of tests/safety through the guard with the classifier that is served. A product
//! that misses a threshold is not released.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in a test should stop it where it is"
)]

use std::{path::Path, sync::Arc};

use e2e::stack::Stack;
use gateway::domain::content::Content;
use guard_eval::{gate::Thresholds, suites};

/// The tests share their cores with the running product, so the time is only looked at for what is far off.
const SLACK: f64 = 16.0;

#[tokio::test]
async fn the_guards_keep_every_threshold_on_the_suites() {
    let Some(stack) = Stack::running() else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("tests/safety");
    let content = Arc::new(Content::load(&root.join("content")).unwrap());
    let classifier = suites::classifier(Some(&stack.classifier_url))
        .await
        .unwrap();
    let files = suites::files(&folder.join("suites")).unwrap();
    let measured = suites::measure(&files, content, classifier, |_, _| ())
        .await
        .unwrap();
    let (report, dialogues) = (measured.report(), measured.dialogues());
    eprintln!("{}", report.table());
    let thresholds = Thresholds::read(&folder.join("thresholds.toml")).unwrap();
    let broken = thresholds.broken(&report, &dialogues);
    assert!(
        broken.is_empty(),
        "{}\n{}",
        broken.join("\n"),
        dialogues.differences.join("\n")
    );
    assert!(
        report.ms_p99 < thresholds.ms_p99 * SLACK,
        "{} ms",
        report.ms_p99
    );
}
