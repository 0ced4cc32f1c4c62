//! The crisis card: reviewed words, people to call, what to do now. Made from content alone, so it
//! appears when nothing else works.

use api_types::Helpline;

use super::concern::{Alarm, Concern};
use crate::domain::content::{
    Content,
    helplines::INTERNATIONAL,
    safety::{CardContent, Wording},
};

/// Most helplines on a card: more would not be read.
const MAXIMUM_HELPLINES: usize = 3;
/// A stored number holds the variation below this, then the concern, then the danger.
const CONCERN_STEP: i64 = 1_000;
/// See [`CONCERN_STEP`].
const IMMEDIATE_STEP: i64 = 100_000;

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

/// Which card, and how it is stored, so that the same words are shown after a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardChoice {
    /// What it speaks to.
    pub concern: Concern,
    /// Whether somebody must be with the person now.
    pub immediate: bool,
    /// Whether it is the gentle second look at an open state.
    pub recheck: bool,
    /// The number of cards that came before it: each has other words, because the same block again would
    /// not be read.
    pub shown: i64,
}

impl CardChoice {
    /// The card for an alarm.
    #[must_use]
    pub fn of(alarm: Alarm, recheck: bool, shown: i64) -> Self {
        Self {
            concern: alarm.concern,
            immediate: alarm.is_immediate(),
            recheck,
            shown,
        }
    }

    /// The number to store; below zero for a second look.
    #[must_use]
    pub fn number(self) -> i64 {
        let shown = self.shown.clamp(0, CONCERN_STEP - 1);
        let number = shown
            + self.concern.number() * CONCERN_STEP
            + i64::from(self.immediate) * IMMEDIATE_STEP;
        if self.recheck { -1 - number } else { number }
    }

    /// The card of a stored number.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        let recheck = number < 0;
        let number = if recheck { -1 - number } else { number };
        Self {
            concern: Concern::from_number(number % IMMEDIATE_STEP / CONCERN_STEP),
            immediate: number >= IMMEDIATE_STEP,
            recheck,
            shown: number % CONCERN_STEP,
        }
    }
}

impl CrisisCard {
    /// The card for a country.
    #[must_use]
    pub fn choose(content: &Content, country: Option<&str>, choice: CardChoice) -> Self {
        let directory = content.helplines_for(country);
        let card = content.crisis.card(choice.concern, choice.immediate);
        let messages = card.map_or(&[] as &[Wording], |card: &CardContent| &card.messages);
        let variants = if choice.recheck {
            &content.crisis.recheck
        } else {
            messages
        };
        let mut safety_steps = card
            .map(|card| card.safety_steps.clone())
            .unwrap_or_default();
        if choice.immediate {
            safety_steps.insert(0, directory.emergency);
        } else if directory.country.is_some() {
            safety_steps.push(directory.emergency);
        }
        Self {
            message: variant(variants, choice.shown).to_owned(),
            helplines: few(directory.helplines, choice.concern),
            safety_steps,
        }
    }
}

/// At most three: one that is made for the concern, those of the country, and the directory of the world.
fn few(helplines: Vec<Helpline>, concern: Concern) -> Vec<Helpline> {
    let (special, general): (Vec<Helpline>, Vec<Helpline>) = helplines
        .into_iter()
        .partition(|line| !line.concerns.is_empty());
    let (world, own): (Vec<Helpline>, Vec<Helpline>) = general
        .into_iter()
        .partition(|line| line.country == INTERNATIONAL);
    let mut special = special
        .into_iter()
        .filter(|line| line.concerns.iter().any(|known| known == concern.code()));
    let mut chosen: Vec<Helpline> = special.next().into_iter().collect();
    let room = MAXIMUM_HELPLINES.saturating_sub(chosen.len() + usize::from(!world.is_empty()));
    chosen.extend(own.into_iter().take(room));
    chosen.extend(world.into_iter().take(MAXIMUM_HELPLINES - chosen.len()));
    chosen
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
    use crate::domain::content::tests::real_folder;

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

    #[test]
    fn a_stored_card_is_the_same_card_again() {
        for concern in Concern::ALL {
            for (immediate, recheck, shown) in [
                (false, false, 0),
                (true, false, 7),
                (false, true, 3),
                (true, true, 999),
            ] {
                let choice = CardChoice {
                    concern,
                    immediate,
                    recheck,
                    shown,
                };
                assert_eq!(CardChoice::from_number(choice.number()), choice);
            }
        }
        let many = CardChoice {
            shown: 5_000,
            ..CardChoice::from_number(0)
        };
        assert_eq!(
            CardChoice::from_number(many.number()).concern,
            Concern::Thoughts
        );
    }

    #[test]
    fn every_card_has_words_steps_and_few_helplines_in_every_country() {
        let content = Content::load(&real_folder()).unwrap();
        let countries = content
            .helplines
            .iter()
            .map(|line| Some(line.country.clone()));
        for country in countries.chain([None, Some("ZZ".to_owned())]) {
            for number in Concern::ALL.map(Concern::number) {
                for danger in [0, IMMEDIATE_STEP] {
                    let choice = CardChoice::from_number(number * CONCERN_STEP + danger);
                    let card = CrisisCard::choose(&content, country.as_deref(), choice);
                    assert!(!card.message.is_empty() && card.safety_steps.len() >= 3);
                    let lines = card.helplines.len();
                    assert!(
                        (1..=MAXIMUM_HELPLINES).contains(&lines),
                        "{country:?}: {lines}"
                    );
                    assert!(
                        card.helplines
                            .iter()
                            .any(|line| line.country == INTERNATIONAL)
                    );
                }
            }
        }
    }
}
