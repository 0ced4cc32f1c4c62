//! Chooses reviewed replies: a kind no, by the reason for it, and words for when the model cannot
//! answer, by theme. The same variation number always gives the same words.

use crate::domain::content::replies::Replies;

/// Parts of reason codes and the reply that fits. The first match counts, so what is most serious
/// comes first.
const REASONS: [(&str, &[&str]); 5] = [
    ("methods", &["method", "means", "harmful"]),
    ("sexual", &["sexual", "nude", "nsfw"]),
    (
        "revenge",
        &[
            "revenge", "doxx", "dox", "stalk", "fake", "retaliat", "hack",
        ],
    ),
    (
        "diagnosis",
        &[
            "diagnos",
            "medic",
            "diet",
            "dose",
            "dosage",
            "therapist",
            "weight",
            "prescri",
        ],
    ),
    (
        "manipulation",
        &[
            "manipulat",
            "inject",
            "jailbreak",
            "prompt",
            "override",
            "roleplay",
        ],
    ),
];

/// A kind no for these reason codes.
#[must_use]
pub fn decline_reply<'a>(replies: &'a Replies, reasons: &[String], variation: usize) -> &'a str {
    let wanted = REASONS
        .iter()
        .find(|(_, parts)| {
            reasons.iter().any(|reason| {
                let reason = reason.to_ascii_lowercase();
                parts.iter().any(|part| reason.contains(part))
            })
        })
        .map(|(reply, _)| *reply);
    let of = |reason: &str| replies.decline.iter().find(|entry| entry.reason == reason);
    let entry = wanted.and_then(of).or_else(|| of("default"));
    entry.map_or("", |entry| pick(&entry.texts, variation))
}

/// Words for a theme, when the model cannot answer. An unknown theme gets those for no theme.
#[must_use]
pub fn fallback_reply<'a>(replies: &'a Replies, topic: &str, variation: usize) -> &'a str {
    let of = |topic: &str| {
        replies
            .fallback
            .iter()
            .find(|entry| entry.topic.as_str() == topic)
    };
    of(topic)
        .or_else(|| of("other"))
        .map_or("", |entry| pick(&entry.texts, variation))
}

fn pick(texts: &[String], variation: usize) -> &str {
    texts
        .get(variation % texts.len().max(1))
        .map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies() -> Replies {
        toml::from_str(
            r#"
            version = "1"
            [[decline]]
            reason = "methods"
            texts = ["m1", "m2"]
            [[decline]]
            reason = "manipulation"
            texts = ["x1", "x2"]
            [[decline]]
            reason = "default"
            texts = ["d1", "d2"]
            [[fallback]]
            topic = "cyberbullying"
            texts = ["c1", "c2"]
            [[fallback]]
            topic = "other"
            texts = ["o1", "o2"]
            "#,
        )
        .unwrap()
    }

    #[test]
    fn the_most_serious_reason_chooses_the_reply() {
        let replies = replies();
        let reply = |reasons: &[&str], variation| {
            let reasons: Vec<String> = reasons.iter().map(|reason| (*reason).to_owned()).collect();
            decline_reply(&replies, &reasons, variation).to_owned()
        };
        assert_eq!(reply(&["D-jailbreak", "D-methods"], 0), "m1");
        assert_eq!(reply(&["classifier-manipulation"], 1), "x2");
        assert_eq!(reply(&["D-revenge"], 4), "d1", "no reply of its own");
        assert_eq!(reply(&[], 3), "d2");
    }

    #[test]
    fn fallback_words_fit_the_theme() {
        let replies = replies();
        assert_eq!(fallback_reply(&replies, "cyberbullying", 3), "c2");
        assert_eq!(fallback_reply(&replies, "anything", 0), "o1");
    }
}
