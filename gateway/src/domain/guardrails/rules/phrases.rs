//! The phrases of the rules with what each means, and the spellings that stand for other words. Out of the file, into
//! what the matcher is compiled from.

use std::collections::BTreeMap;

use super::{Meaning, RulesError, Sign, hits::Around};
use crate::domain::{
    content::rules_file::{Context, RulesFile},
    guardrails::{alternatives::expand, lexicon::Lexicon},
};

/// Words with the shortened ones written in full.
pub(super) fn spelt_out<'a>(
    words: &[&'a str],
    spellings: &'a BTreeMap<String, String>,
) -> Vec<&'a str> {
    let full = |word: &'a str| spellings.get(word).map_or(word, String::as_str);
    words
        .iter()
        .flat_map(|word| full(word).split(' '))
        .collect()
}

/// Every phrase of the file with what it means, alternatives written out.
pub(super) fn meanings(file: &RulesFile) -> Result<Vec<(String, Meaning)>, RulesError> {
    let mut texts: Vec<(String, Meaning)> = Vec::new();
    let mut add = |phrases: &[String], meaning: Meaning| {
        for phrase in phrases {
            let expanded =
                expand(phrase).ok_or_else(|| RulesError::Alternatives(phrase.clone()))?;
            texts.extend(expanded.into_iter().map(|text| (text, meaning)));
        }
        Ok::<(), RulesError>(())
    };
    for (index, rule) in file.rules.iter().enumerate() {
        for (phrases, names_subject) in [(&rule.phrases, false), (&rule.subjects, true)] {
            let sign = Sign {
                rule: index,
                names_subject,
            };
            add(phrases, Meaning::Phrase(sign))?;
        }
        add(&rule.unless, Meaning::Unless(index))?;
    }
    add(&file.idioms, Meaning::Idiom)?;
    let context = &file.context;
    for (around, list) in [
        (Around::Laugh, &context.laughs),
        (Around::Trivial, &context.trivial),
        (Around::Weight, &context.weight),
        (Around::Urgent, &context.urgent),
        (Around::Request, &context.requests),
        (Around::Affirm, &context.affirms),
        (Around::Retreat, &context.retreats),
        (Around::Clarify, &context.clarifies),
        (Around::Protect, &context.protects),
    ] {
        add(list, Meaning::Around(around))?;
    }
    Ok(texts)
}

/// Adds the usual typing mistakes of the words that the file names for this, but for those that are words of a phrase.
pub(super) fn spell_out_typos(context: &mut Context, texts: &[(String, Meaning)]) {
    let known = Lexicon::new(texts.iter().map(|(text, _)| text.as_str()));
    for word in &context.mistyped {
        for typo in typos(word) {
            if !known.contains(&typo) && typo != *word {
                context
                    .spellings
                    .entry(typo)
                    .or_insert_with(|| word.clone());
            }
        }
    }
}

/// One letter left out, or two that changed places; the first letter is mostly right.
fn typos(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let without = (1..letters.len()).map(|index| {
        let mut letters = letters.clone();
        letters.remove(index);
        letters
    });
    let swapped = (2..letters.len()).map(|index| {
        let mut letters = letters.clone();
        letters.swap(index - 1, index);
        letters
    });
    without.chain(swapped).map(String::from_iter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_leaves_a_letter_out_or_swaps_two() {
        assert_eq!(
            typos("kill"),
            ["kll", "kil", "kil", "klil", "kill"].map(str::to_owned)
        );
    }
}
