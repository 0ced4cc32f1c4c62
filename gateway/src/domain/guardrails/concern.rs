//! What a sign of crisis is about, and how near the danger seems. Used for routing and for the words of
//! the card only; it is no clinical assessment, and nobody but this process sees it.

use serde::Deserialize;

/// What the card speaks to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// Thoughts of dying, hopelessness, being a burden.
    #[default]
    Thoughts,
    /// Hurting oneself without a wish to die.
    SelfHarm,
    /// Violence, control or sexual harm by somebody close.
    Abuse,
    /// Blackmail with images.
    Extortion,
    /// Danger from not eating or from being sick on purpose.
    Eating,
}

impl Concern {
    /// Every concern, in the order of [`Concern::number`].
    pub const ALL: [Self; 5] = [
        Self::Thoughts,
        Self::SelfHarm,
        Self::Abuse,
        Self::Extortion,
        Self::Eating,
    ];

    /// The name in content files and reports.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Thoughts => "thoughts",
            Self::SelfHarm => "self_harm",
            Self::Abuse => "abuse",
            Self::Extortion => "extortion",
            Self::Eating => "eating",
        }
    }

    /// The number under which a card is stored.
    #[must_use]
    pub fn number(self) -> i64 {
        let place = Self::ALL.iter().position(|concern| *concern == self);
        place
            .and_then(|place| i64::try_from(place).ok())
            .unwrap_or_default()
    }

    /// The concern of a stored number; an unknown one is the most serious.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|place| Self::ALL.get(place).copied())
            .unwrap_or_default()
    }
}

/// How near the danger seems, in the order of the five ideas and the behaviour of the Columbia protocol,
/// whose structure (not its scores) the routing follows: facts and sources in docs/safety-case.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Level {
    /// Hopeless, trapped, a burden.
    #[serde(rename = "0+")]
    Hopeless,
    /// Wishes to be dead or not to wake up.
    #[serde(rename = "1")]
    Wish,
    /// Thinks about ending their life.
    #[serde(rename = "2")]
    Thoughts,
    /// Has thought about how.
    #[serde(rename = "3")]
    Method,
    /// Some intent.
    #[serde(rename = "4")]
    Intent,
    /// A plan, or within a day.
    #[serde(rename = "5")]
    Plan,
    /// Prepared, said goodbye or tried in the past days.
    #[serde(rename = "6")]
    Behaviour,
}

impl Level {
    /// From here on the danger is immediate.
    pub const IMMEDIATE: Self = Self::Intent;

    /// The name in content files and reports.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hopeless => "0+",
            Self::Wish => "1",
            Self::Thoughts => "2",
            Self::Method => "3",
            Self::Intent => "4",
            Self::Plan => "5",
            Self::Behaviour => "6",
        }
    }
}

/// A sign of crisis: what it is about and how near.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alarm {
    /// What it is about.
    pub concern: Concern,
    /// How near, when that is known.
    pub level: Option<Level>,
}

impl Alarm {
    /// Whether somebody must be with the person now.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        self.level >= Some(Level::IMMEDIATE)
    }

    /// The more serious of two: the nearer danger, then what is not thoughts alone.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let weight = |alarm: &Self| {
            (
                alarm.is_immediate(),
                alarm.concern != Concern::Thoughts,
                alarm.level,
            )
        };
        let concern = if weight(&other) > weight(&self) {
            other.concern
        } else {
            self.concern
        };
        Self {
            concern,
            level: self.level.max(other.level),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_come_back_and_unknown_ones_are_serious() {
        for concern in Concern::ALL {
            assert_eq!(Concern::from_number(concern.number()), concern);
        }
        assert_eq!(Concern::from_number(99), Concern::Thoughts);
        assert_eq!(Concern::from_number(-1), Concern::Thoughts);
    }

    #[test]
    fn the_nearer_danger_leads_and_the_special_concern_goes_before_a_vague_one() {
        let alarm = |concern, level| Alarm { concern, level };
        let vague = alarm(Concern::Thoughts, Some(Level::Hopeless));
        let extortion = alarm(Concern::Extortion, None);
        let plan = alarm(Concern::Thoughts, Some(Level::Plan));
        assert_eq!(vague.or(extortion).concern, Concern::Extortion);
        assert_eq!(extortion.or(plan).concern, Concern::Thoughts);
        assert_eq!(plan.or(extortion), plan);
        assert!(plan.is_immediate() && !vague.is_immediate() && !extortion.is_immediate());
    }
}
