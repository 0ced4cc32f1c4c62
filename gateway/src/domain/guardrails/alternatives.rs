//! Phrases with alternatives: "(dad|mum) hits me" stands for two phrases, "so (very|) tired" for two as well.
//! Comes in: a phrase as a reviewer writes it; goes out: every phrase that it stands for.

/// Most phrases that one may stand for; more is a mistake of the writer.
pub const MAXIMUM_PHRASES: usize = 4_000;

/// Every phrase that this one stands for; none when brackets do not match or there are too many.
#[must_use]
pub fn expand(phrase: &str) -> Option<Vec<String>> {
    let mut phrases = vec![String::new()];
    let mut rest = phrase;
    while let Some(open) = rest.find(['(', ')']) {
        let (before, bracket) = rest.split_at(open);
        let inner = bracket.strip_prefix('(')?;
        let close = inner.find(['(', ')'])?;
        let (choices, after) = inner.split_at(close);
        rest = after.strip_prefix(')')?;
        let choices: Vec<&str> = choices.split('|').collect();
        if phrases.len() * choices.len() > MAXIMUM_PHRASES {
            return None;
        }
        phrases = phrases
            .iter()
            .flat_map(|start| {
                choices
                    .iter()
                    .map(move |choice| format!("{start}{before}{choice}"))
            })
            .collect();
    }
    for phrase in &mut phrases {
        phrase.push_str(rest);
    }
    Some(phrases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_stands_for_every_choice() {
        assert_eq!(expand("plain words").unwrap(), ["plain words"]);
        assert_eq!(
            expand("(dad|mum) hits (me|us) hard").unwrap(),
            [
                "dad hits me hard",
                "dad hits us hard",
                "mum hits me hard",
                "mum hits us hard"
            ]
        );
        assert_eq!(
            expand("so (very |)tired").unwrap(),
            ["so very tired", "so tired"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for phrase in ["(a", "a)", "((a|b))", "a | (b", ")("] {
            assert_eq!(expand(phrase), None, "{phrase}");
        }
        assert_eq!(expand(&"(a|b|c|d|e|f|g|h|i|j)".repeat(4)), None);
    }
}
