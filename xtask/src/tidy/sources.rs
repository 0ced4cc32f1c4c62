//! Rules for a single source file. Comes in: its path in the checkout and its text; goes out: the breaches.
//!
//! Names are looked for in code only: comments may explain what is absent.

const MAX_LINES: usize = 300;
const LATER: &str = concat!("TO", "DO");
const BROKEN: &str = concat!("FIX", "ME");
const UNIMPLEMENTED: &str = concat!("unimple", "mented!");
const UNFINISHED: &str = concat!("to", "do!");
/// Words that mark unfinished work, in code and in comments.
const FORBIDDEN_WORDS: [&str; 4] = [LATER, BROKEN, UNIMPLEMENTED, UNFINISHED];

/// Folders of domain code, and what it must not name: the outside implements its traits, not the other way round.
const DOMAIN_FOLDERS: [&str; 3] = [
    "gateway/src/domain/",
    "classifier-svc/src/classify/",
    "inference-svc/src/generation/",
];
const OUTSIDE: [&str; 4] = ["axum", "tonic", "sqlx", "std::env"];

/// A name, and the places that may use it.
struct Room {
    name: &'static str,
    places: &'static [&'static str],
}

const ROOMS: [Room; 4] = [
    Room {
        name: "mistralrs",
        places: &["inference-svc/src/engine/", "inference-svc/src/engine.rs"],
    },
    Room {
        name: "candle_core",
        places: &["encoder/", "trainer/"],
    },
    Room {
        name: "candle_nn",
        places: &["encoder/", "trainer/"],
    },
    Room {
        name: "gloo_net",
        places: &["web/src/api/", "web/src/api.rs"],
    },
];

/// The breaches of one file; `path` is relative to the checkout, with forward slashes.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        breaches.push(format!(
            "{path}: {lines} lines; split it (at most {MAX_LINES})"
        ));
    }
    if !text.trim_start().starts_with("//!") {
        breaches.push(format!(
            "{path}: a module opens with `//!`: what comes in, what goes out, why it is here"
        ));
    }
    let in_domain = DOMAIN_FOLDERS.iter().any(|folder| path.starts_with(folder));
    for (number, line) in (1..).zip(text.lines()) {
        for word in FORBIDDEN_WORDS
            .iter()
            .filter(|word| contains_word(line, word))
        {
            breaches.push(format!("{path}:{number}: `{word}` marks unfinished work"));
        }
        let code = line.split_once("//").map_or(line, |(code, _)| code);
        for name in OUTSIDE.iter().filter(|name| in_domain && names(code, name)) {
            breaches.push(format!("{path}:{number}: domain code names `{name}`"));
        }
        for room in &ROOMS {
            // This file and its tests hold the names as text.
            let allowed = path.starts_with("xtask/")
                || room.places.iter().any(|place| path.starts_with(place));
            if !allowed && names(code, room.name) {
                breaches.push(format!(
                    "{path}:{number}: names `{}`; only {} may",
                    room.name, room.places[0]
                ));
            }
        }
    }
    breaches
}

/// Whether code uses the crate or module `name`: as the start of a path or in a `use`.
fn names(code: &str, name: &str) -> bool {
    contains_word(code, name)
        && (code.contains(&format!("{name}::")) || code.contains(&format!("use {name}")))
}

fn contains_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "//! A room.\n";

    fn breaches(path: &str, code: &str) -> Vec<String> {
        check(path, &format!("{HEADER}{code}"))
    }

    #[test]
    fn a_long_file_and_a_missing_header_are_breaches() {
        assert!(breaches("a.rs", &"\n".repeat(299)).is_empty());
        assert!(breaches("a.rs", &"\n".repeat(300))[0].contains("301 lines"));
        assert!(check("a.rs", "mod b;\n")[0].contains("opens with"));
    }

    #[test]
    fn unfinished_work_is_found_in_comments_too() {
        assert!(breaches("a.rs", &format!("// {LATER}: later\n"))[0].contains("a.rs:2"));
        assert!(
            breaches("a.rs", &format!("fn f() {{ {UNIMPLEMENTED}() }}\n"))[0]
                .contains("unfinished")
        );
        assert!(breaches("a.rs", "let autodone = methods;\n").is_empty());
    }

    #[test]
    fn domain_code_names_nothing_outside_but_may_mention_it() {
        let path = "gateway/src/domain/chat/turn.rs";
        assert!(breaches(path, "use axum::Json;\n")[0].contains("domain code names `axum`"));
        assert!(breaches(path, "fn f() -> tonic::Status {}\n")[0].contains("`tonic`"));
        assert!(breaches(path, "// no axum::Json here\n").is_empty());
        assert!(breaches("gateway/src/http/chat.rs", "use axum::Json;\n").is_empty());
    }

    #[test]
    fn only_the_engine_names_mistralrs_and_only_the_api_room_speaks_http() {
        assert!(
            breaches(
                "inference-svc/src/engine/mistral.rs",
                "use mistralrs::Model;\n"
            )
            .is_empty()
        );
        assert_eq!(
            breaches("inference-svc/src/app.rs", "use mistralrs::Model;\n").len(),
            1
        );
        assert!(breaches("web/src/api/chat.rs", "use gloo_net::http::Request;\n").is_empty());
        assert_eq!(
            breaches("web/src/pages/chat.rs", "use gloo_net::http::Request;\n").len(),
            1
        );
    }
}
