//! The crisis card: reviewed words, people to call, what to do now. Made from content alone, so it
//! appears when nothing else works.

use api_types::Helpline;

use crate::domain::content::{Content, safety::Wording};

/// What a person in crisis sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrisisCard {
    /// Reviewed words.
    pub message: String,
    /// Of the country first, then the international directory.
    pub helplines: Vec<Helpline>,
    /// What to do now, in order; the last one is about immediate danger.
    pub safety_steps: Vec<String>,
}

impl CrisisCard {
    /// The card for a country. `shown` is the number of cards that came before it: each has other
    /// words, because the same block again would not be read. With `recheck` it is the gentle
    /// second look at an open state.
    #[must_use]
    pub fn choose(content: &Content, country: Option<&str>, recheck: bool, shown: i64) -> Self {
        let directory = content.helplines_for(country);
        let variants = if recheck {
            &content.crisis.recheck
        } else {
            &content.crisis.messages
        };
        let mut safety_steps = content.crisis.safety_steps.clone();
        if directory.country.is_some() {
            safety_steps.push(directory.emergency);
        }
        Self {
            message: variant(variants, shown).to_owned(),
            helplines: directory.helplines,
            safety_steps,
        }
    }
}

/// How a card is stored, so that the same words are shown after a reload: the number of cards that
/// came before it, below zero for a second look.
impl CrisisCard {
    /// The number to store.
    #[must_use]
    pub const fn number(shown: i64, recheck: bool) -> i64 {
        if recheck { -1 - shown } else { shown }
    }

    /// The card of a stored number.
    #[must_use]
    pub fn stored(content: &Content, country: Option<&str>, number: i64) -> Self {
        let recheck = number < 0;
        let shown = if recheck { -1 - number } else { number };
        Self::choose(content, country, recheck, shown)
    }
}

fn variant(variants: &[Wording], shown: i64) -> &str {
    let count = i64::try_from(variants.len()).unwrap_or(i64::MAX).max(1);
    let index = usize::try_from(shown.rem_euclid(count)).unwrap_or_default();
    variants
        .get(index)
        .map_or("", |wording| wording.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_vary_from_card_to_card_and_begin_again() {
        let wording = |text: &str| Wording {
            id: text.to_owned(),
            text: text.to_owned(),
        };
        let variants = [wording("a"), wording("b"), wording("c")];
        let seen: Vec<_> = (0..4).map(|shown| variant(&variants, shown)).collect();
        assert_eq!(seen, ["a", "b", "c", "a"]);
        assert_eq!(variant(&variants, -1), "c");
        assert_eq!(variant(&[], 3), "");
    }
}
