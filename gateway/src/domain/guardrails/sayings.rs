//! What stands around a crisis phrase and changes its meaning: "i don't want to ...", "my brother
//! ... years ago". Such a phrase asks for warmth, not for the card. In doubt the phrase counts.

/// Why a crisis phrase does not ask for the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Softening {
    /// It was said not to be so.
    Negated,
    /// It tells of somebody's death in the past.
    PastLoss,
    /// There is laughter or an everyday reason around it.
    Joking,
}

/// Words that say that it is not so.
const NEGATIONS: [&str; 18] = [
    "not", "dont", "never", "wont", "wouldnt", "didnt", "isnt", "arent", "aint", "wasnt", "havent",
    "hasnt", "doesnt", "cant", "couldnt", "shouldnt", "without", "nor",
];
/// Words that may stand between the negation and what it negates. No "i" is among them: "i don't, i
/// want to die" negates something else.
const LINKS: [&str; 24] = [
    "want", "wanna", "to", "going", "gonna", "gon", "really", "actually", "even", "trying",
    "planning", "plan", "about", "of", "having", "have", "feel", "feeling", "like", "be", "been",
    "any", "ever", "a",
];
/// The person, before a negation.
const SUBJECTS: [&str; 8] = ["i", "im", "id", "ill", "ive", "am", "would", "will"];
/// Words before a negation that turn it into something else: "why not", "if i dont".
const TURNS: [&str; 8] = [
    "why", "if", "cant", "when", "because", "unless", "until", "whether",
];
/// Words after the phrase that take the negation back.
const TAKES_BACK: [&str; 7] = [
    "but", "except", "yet", "unless", "until", "though", "anyway",
];
/// People whose death may be told of.
const OTHERS: [&str; 42] = [
    "brother",
    "sister",
    "mom",
    "mum",
    "mother",
    "dad",
    "father",
    "parent",
    "friend",
    "friends",
    "cousin",
    "uncle",
    "aunt",
    "auntie",
    "grandpa",
    "grandma",
    "grandfather",
    "grandmother",
    "son",
    "daughter",
    "boyfriend",
    "girlfriend",
    "husband",
    "wife",
    "partner",
    "ex",
    "teacher",
    "coach",
    "classmate",
    "neighbour",
    "neighbor",
    "roommate",
    "colleague",
    "someone",
    "somebody",
    "stepdad",
    "stepmom",
    "stepbrother",
    "stepsister",
    "girl",
    "boy",
    "guy",
];
/// How a death in the past is told.
const LOSSES: [&str; 13] = [
    "died by suicide",
    "died from suicide",
    "died of suicide",
    "committed suicide",
    "killed himself",
    "killed herself",
    "killed themselves",
    "killed themself",
    "took his own life",
    "took her own life",
    "took their own life",
    "ended his life",
    "ended her life",
];
/// Words with which a person speaks of themself now; with one of them a loss is not only a loss.
const SELF_NOW: [&str; 6] = ["myself", "im next", "i want", "i wanna", "join", "me too"];

/// Looks at a phrase at `start..end` of a segment: folded words between single spaces, one space at
/// either end of the segment.
pub(super) fn soften(segment: &str, start: usize, end: usize) -> Option<Softening> {
    let (before, after) = (&segment[..start], &segment[end..]);
    let has_subject = segment[start..end]
        .split_whitespace()
        .next()
        .is_some_and(|word| SUBJECTS.contains(&word));
    // A phrase with a subject of its own is a clause of its own.
    if !has_subject && is_negated(before, after) {
        return Some(Softening::Negated);
    }
    is_past_loss(segment, start, end).then_some(Softening::PastLoss)
}

fn is_negated(before: &str, after: &str) -> bool {
    if after
        .split_whitespace()
        .any(|word| TAKES_BACK.contains(&word))
    {
        return false;
    }
    let mut words = before.split_whitespace().rev().peekable();
    let mut negations = 0;
    while let Some(word) = words.next_if(|word| NEGATIONS.contains(word) || LINKS.contains(word)) {
        negations += usize::from(NEGATIONS.contains(&word));
    }
    while words.next_if(|word| SUBJECTS.contains(word)).is_some() {}
    negations % 2 == 1 && words.next().is_none_or(|word| !TURNS.contains(&word))
}

/// Whether the phrase is part of how a death in the past is told.
fn is_past_loss(segment: &str, start: usize, end: usize) -> bool {
    let tells =
        |phrase: &&str| positions(segment, phrase).any(|at| at < end && start < at + phrase.len());
    let contains = |phrase: &&str| positions(segment, phrase).next().is_some();
    let is_lost = ["lost", "losing"].iter().any(contains) && tells(&"to suicide");
    OTHERS.iter().any(contains)
        && (is_lost || LOSSES.iter().any(tells))
        && !SELF_NOW.iter().any(contains)
}

/// Where a phrase stands as whole words.
fn positions<'a>(segment: &'a str, phrase: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = segment.as_bytes();
    let is_space = |at: usize| bytes.get(at).is_none_or(|byte| *byte == b' ');
    segment
        .match_indices(phrase)
        .map(|(at, _)| at)
        .filter(move |at| (*at == 0 || is_space(at - 1)) && is_space(at + phrase.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(segment: &str, phrase: &str) -> Option<Softening> {
        let segment = format!(" {segment} ");
        let start = segment.find(phrase).unwrap();
        soften(&segment, start, start + phrase.len())
    }

    #[test]
    fn a_negation_right_before_the_phrase_counts() {
        for (segment, phrase) in [
            ("i dont want to die", "want to die"),
            ("im not suicidal", "suicidal"),
            ("i would never kill myself", "kill myself"),
            ("im not going to kill myself", "kill myself"),
            ("i am not actually planning to kill myself", "kill myself"),
        ] {
            assert_eq!(of(segment, phrase), Some(Softening::Negated), "{segment}");
        }
    }

    #[test]
    fn what_only_looks_like_a_negation_does_not() {
        for (segment, phrase) in [
            ("i dont know if i want to die", "want to die"),
            ("i dont care i want to die", "i want to die"),
            ("why not kill myself", "kill myself"),
            (
                "i dont want to die but i keep thinking of it",
                "want to die",
            ),
            ("if i dont kill myself they will", "kill myself"),
            ("nobody would care if i kill myself", "kill myself"),
            ("no i dont i want to die", "want to die"),
            ("no i dont i want to die", "i want to die"),
            ("why dont i kill myself", "kill myself"),
            ("im not not going to kill myself", "kill myself"),
            ("i hate it and i want to die", "want to die"),
        ] {
            assert_eq!(of(segment, phrase), None, "{segment}");
        }
    }

    #[test]
    fn a_death_in_the_past_is_a_loss_unless_the_person_speaks_of_themself() {
        let loss = |segment| of(segment, "suicide");
        assert_eq!(
            loss("my brother died by suicide 3 years ago"),
            Some(Softening::PastLoss)
        );
        assert_eq!(
            loss("we lost my friend to suicide"),
            Some(Softening::PastLoss)
        );
        assert_eq!(
            loss("my brother died by suicide and i want to join him"),
            None
        );
        assert_eq!(loss("thinking about suicide"), None);
        assert_eq!(
            of(
                "my friend died by suicide and now i feel suicidal",
                "suicidal"
            ),
            None
        );
    }
}
