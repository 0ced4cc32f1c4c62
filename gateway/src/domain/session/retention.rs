//! How long words are kept: what a person wishes, and what they get. People under 18 keep for a shorter time unless
//! they ask for more (UK Children's Code: the protective setting is the default).

use super::{AgeBand, SessionError};

/// Longest time without a visit after which everything goes.
pub const MAXIMUM_KEEP_DAYS: u8 = 30;
/// For people under 18 who did not choose.
const MINORS_KEEP_DAYS: u8 = 7;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageWish {
    /// For this session only.
    Session,
    /// Until they delete it, or until so many days without a visit.
    Keep {
        /// 1 to [`MAXIMUM_KEEP_DAYS`]; none when they did not choose.
        days: Option<u8>,
    },
}

/// How long words are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// 24 hours without use.
    Session,
    /// So many days without use.
    Keep {
        /// 1 to [`MAXIMUM_KEEP_DAYS`].
        days: u8,
    },
}

impl Retention {
    /// What a wish becomes for somebody of this age.
    ///
    /// # Errors
    /// [`SessionError::KeepDays`] for a number of days out of range.
    pub fn choose(wish: StorageWish, age: AgeBand) -> Result<Self, SessionError> {
        let StorageWish::Keep { days } = wish else {
            return Ok(Self::Session);
        };
        let usual = match age {
            AgeBand::From13To15 | AgeBand::From16To17 => MINORS_KEEP_DAYS,
            AgeBand::From18To25 | AgeBand::From26 => MAXIMUM_KEEP_DAYS,
        };
        let days = days.unwrap_or(usual);
        if (1..=MAXIMUM_KEEP_DAYS).contains(&days) {
            Ok(Self::Keep { days })
        } else {
            Err(SessionError::KeepDays)
        }
    }

    /// How long a session lives without being used, in milliseconds.
    #[must_use]
    pub fn idle_ms(self) -> i64 {
        match self {
            Self::Session => 24 * HOUR_MS,
            Self::Keep { days } => i64::from(days) * 24 * HOUR_MS,
        }
    }

    /// Days without a visit, for words that outlive the browser's session.
    #[must_use]
    pub const fn keep_days(self) -> Option<u8> {
        match self {
            Self::Session => None,
            Self::Keep { days } => Some(days),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors_keep_for_a_week_unless_they_ask_for_more() {
        let keep = |days, age| Retention::choose(StorageWish::Keep { days }, age);
        let cases = [
            (None, AgeBand::From13To15, Ok(7)),
            (None, AgeBand::From16To17, Ok(7)),
            (None, AgeBand::From18To25, Ok(30)),
            (Some(30), AgeBand::From13To15, Ok(30)),
            (Some(1), AgeBand::From26, Ok(1)),
            (Some(0), AgeBand::From26, Err(SessionError::KeepDays)),
            (Some(31), AgeBand::From26, Err(SessionError::KeepDays)),
        ];
        for (days, age, expected) in cases {
            let expected = expected.map(|days| Retention::Keep { days });
            assert_eq!(keep(days, age), expected, "{days:?} {age:?}");
        }
        let session = Retention::choose(StorageWish::Session, AgeBand::From13To15);
        assert_eq!(session, Ok(Retention::Session));
    }
}
