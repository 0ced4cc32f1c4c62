//! The shipped file, and entries that must be refused.

use super::*;
use crate::workspace::Workspace;

const ENTRY: &str = r#"
    [small]
    kind = "pip-gguf"
    licence = "MIT"
    revision = 1
    requantize = "q8_0"
    output = "small.gguf"
    wheel = { requirement = "small==1.0", file = "small.whl", bytes = 3, sha256 = "HASH" }
    members = [{ path = "small/model.gguf", bytes = 3, sha256 = "HASH" }]
"#;

fn entry() -> String {
    ENTRY.replace("HASH", &"a".repeat(64))
}

#[test]
fn the_shipped_file_has_the_embedded_defaults_and_the_hub_entry() {
    let root = Workspace::locate().unwrap().root;
    let manifest = Manifest::load(&root.join("models/models.toml")).unwrap();
    assert_eq!(manifest.default_names(), ["bge-small", "companion-135m"]);
    assert!(matches!(
        manifest.require("mistral-7b-dpo").unwrap(),
        Entry::Hub { .. }
    ));
}

#[test]
fn an_unknown_name_is_answered_with_the_names_there_are() {
    let manifest = Manifest::parse(&entry()).unwrap();
    let error = manifest.require("large").unwrap_err().to_string();
    assert!(
        error.contains("`large`") && error.contains("small"),
        "{error}"
    );
}

#[test]
fn broken_entries_are_refused_by_name() {
    let cases = [
        (entry().replace("small==1.0", "small"), "pin a version"),
        (entry().replace(&"a".repeat(64), "abc"), "not a SHA-256"),
        (
            entry().replace("small/model.gguf", "../model.gguf"),
            "plain relative path",
        ),
        (
            entry().replace("\"small.gguf\"", "\"a/b.gguf\""),
            "plain file name",
        ),
        (
            entry().replace("revision = 1", "revision = 1\nshasum = 2"),
            "shasum",
        ),
        (
            format!(
                "{}\n[tuned]\nkind = \"adapted\"\nlicence = \"MIT\"\nrevision = 1\nbase = \"smal\"\n\
                 adapter = \"a\"\nquantize = \"q8_0\"\noutput = \"t.gguf\"",
                entry()
            ),
            "`smal` is none",
        ),
        (
            entry().replace("pip-gguf", "carrier-pigeon"),
            "carrier-pigeon",
        ),
    ];
    for (text, expected) in cases {
        let error = format!("{:#}", Manifest::parse(&text).unwrap_err());
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
