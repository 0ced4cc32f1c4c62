//! Chooses reviewed replies: a question, a referral or a kind no, by the reason for it, and words for when
//! the model cannot answer, by theme. The same variation number always gives the same words.

use crate::domain::content::{
    Content,
    replies::{ReasonReplies, Replies},
};

/// Parts of reason codes and the reply that fits. The first match counts, so what is most serious
/// comes first.
const REASONS: [(&str, &[&str]); 9] = [
    ("methods", &["method", "means", "harmful"]),
    ("sexual", &["sexual", "nude", "nsfw"]),
    (
        "revenge",
        &[
            "revenge",
            "doxx",
            "dox",
            "stalk",
            "fake",
            "retaliat",
            "hack",
            "harm-others",
        ],
    ),
    ("medicine", &["medic"]),
    ("diet", &["diet"]),
    ("diagnosis", &["diagnos"]),
    ("therapist", &["therapist"]),
    ("legal", &["legal"]),
    (
        "manipulation",
        &[
            "manipulat",
            "inject",
            "jailbreak",
            "prompt",
            "override",
            "roleplay",
            "persona",
            "romance",
            "unrestricted",
        ],
    ),
];

/// A kind no for these reason codes.
#[must_use]
pub fn decline_reply<'a>(replies: &'a Replies, reasons: &[String], variation: usize) -> &'a str {
    by_reason(&replies.decline, reasons, variation)
}

/// Who can answer, for these reason codes.
#[must_use]
pub fn redirect_reply<'a>(replies: &'a Replies, reasons: &[String], variation: usize) -> &'a str {
    by_reason(&replies.redirect, reasons, variation)
}

/// One question: that of the first rule that has its own, otherwise the general one.
#[must_use]
pub fn check_in_reply<'a>(content: &'a Content, reasons: &[String], variation: usize) -> &'a str {
    let rules = &content.rules.file().rules;
    let own = reasons.iter().find_map(|reason| {
        let rule = rules.iter().find(|rule| rule.id == *reason)?;
        rule.ask.as_deref()
    });
    own.unwrap_or_else(|| pick(&content.replies.check_in, variation))
}

/// The words of the first reason that has some; then the default, then the first there is.
fn by_reason<'a>(entries: &'a [ReasonReplies], reasons: &[String], variation: usize) -> &'a str {
    let of = |reason: &str| entries.iter().find(|entry| entry.reason == reason);
    let fits = |parts: &[&str]| {
        reasons.iter().any(|reason| {
            let reason = reason.to_ascii_lowercase();
            parts.iter().any(|part| reason.contains(part))
        })
    };
    let mut wanted = REASONS.iter().filter(|(_, parts)| fits(parts));
    let entry = wanted
        .find_map(|(reply, _)| of(reply))
        .or_else(|| of("default"))
        .or_else(|| entries.first());
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
            check_in = ["q1", "q2"]
            [[redirect]]
            reason = "diagnosis"
            texts = ["g1", "g2"]
            [[redirect]]
            reason = "legal"
            texts = ["l1", "l2"]
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
    fn a_referral_fits_its_reason() {
        let replies = replies();
        let reply = |reason: &str| redirect_reply(&replies, &[reason.to_owned()], 0).to_owned();
        assert_eq!(reply("G-legal"), "l1");
        assert_eq!(reply("G-diagnosis"), "g1");
        assert_eq!(reply("G-unheard"), "g1", "the first there is");
    }

    #[test]
    fn fallback_words_fit_the_theme() {
        let replies = replies();
        assert_eq!(fallback_reply(&replies, "cyberbullying", 3), "c2");
        assert_eq!(fallback_reply(&replies, "anything", 0), "o1");
    }
}
