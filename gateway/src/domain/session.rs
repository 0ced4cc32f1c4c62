//! A person's session: who they said they are, what they answered, where the safety state stands.
//! The rules about age, names and lifetimes are here; keeping it is the store's work.

mod change;
mod checks;
pub mod recovery;
mod retention;
mod secrets;

use std::collections::BTreeMap;

use uuid::Uuid;

pub use change::SessionChange;
pub use retention::{MAXIMUM_KEEP_DAYS, Retention, StorageWish};
pub use secrets::{DataKey, SECRET_BYTES, SessionAccess, SessionSecret};

use super::safety_plan::PlanTexts;
use checks::{age_band, check_country, check_locale, check_name};

/// Identifies a session. It opens nothing without the cookie's token.
pub type SessionId = Uuid;

/// Youngest age that may use the companion.
pub const MINIMUM_AGE: i64 = 13;
/// Oldest age that is taken as meant.
pub const MAXIMUM_AGE: i64 = 120;
/// Longest name in characters.
pub const MAXIMUM_NAME_CHARS: usize = 40;

/// The only thing about age that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeBand {
    /// 13 to 15 years.
    From13To15,
    /// 16 or 17 years.
    From16To17,
    /// 18 to 25 years.
    From18To25,
    /// 26 years and more.
    From26,
}

/// Why a session cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Younger than [`MINIMUM_AGE`].
    #[error("the companion is for people of 13 years and older")]
    TooYoung,
    /// Not an age.
    #[error("age must be a number of years between 0 and 120")]
    AgeOutOfRange,
    /// Empty, too long, or without a visible character.
    #[error("name must have 1 to 40 characters")]
    Name,
    /// Not an ISO 3166-1 alpha-2 code.
    #[error("country must be a code of two letters, for example \"IN\"")]
    Country,
    /// Not a BCP 47 tag.
    #[error("locale must be a language tag, for example \"en-GB\"")]
    Locale,
    /// The terms were not agreed to.
    #[error("the terms must be agreed to before anything is kept")]
    Terms,
    /// Not a number of days that words may be kept.
    #[error("keep_days must be a number of days between 1 and {MAXIMUM_KEEP_DAYS}")]
    KeepDays,
}

/// What a person says when they begin.
#[derive(Clone)]
pub struct NewSession {
    /// Any name.
    pub name: String,
    /// In years.
    pub age: i64,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// BCP 47.
    pub locale: Option<String>,
    /// Agreed to the terms.
    pub terms: bool,
    /// How long words may be kept.
    pub storage: StorageWish,
}

/// Everything that is kept about a session, apart from the conversation.
#[derive(Clone)]
pub struct SessionRecord {
    /// Which session, and the key of its records.
    pub access: SessionAccess,
    /// What the companion calls the person.
    pub name: String,
    /// Age band.
    pub age_band: AgeBand,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: Option<String>,
    /// BCP 47.
    pub locale: String,
    /// How long words are kept.
    pub retention: Retention,
    /// Milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Milliseconds since the Unix epoch.
    pub expires_ms: i64,
    /// Version of the questionnaire that the answers belong to.
    pub questionnaire_version: Option<String>,
    /// Question id to option ids.
    pub answers: BTreeMap<String, Vec<String>>,
    /// Topic and severity of the last assessment.
    pub assessment: Option<(String, String)>,
    /// Level of the safety state; see `guardrails::SafetyState`.
    pub safety: i64,
    /// Crisis cards shown so far, so that their wording varies.
    pub cards: i64,
    /// The safety plan: part to the person's words.
    pub safety_plan: PlanTexts,
    /// The way in that belongs to the recovery phrase, when there is one.
    pub recovery_lookup: Option<Vec<u8>>,
    /// Ways in of earlier phrases, which must be closed.
    pub replaced_lookups: Vec<Vec<u8>>,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The person.
    Person,
    /// The companion.
    Companion,
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Whole.
    Complete,
    /// Stopped by the person.
    Cancelled,
    /// Something failed before it was whole. Answers are stored so at their beginning, so that a
    /// crash leaves the truth behind.
    CutOff,
}

/// A message to be stored.
#[derive(Clone, PartialEq)]
pub struct NewMessage {
    /// Shared by a message and its answers.
    pub turn_id: Uuid,
    /// Answers only.
    pub variant_id: Option<Uuid>,
    /// Who wrote it.
    pub author: Author,
    /// The words.
    pub text: String,
    /// How it ended.
    pub completeness: Completeness,
    /// Route code of the turn, for example "crisis".
    pub route: String,
    /// Index of the crisis card's wording, when one was shown.
    pub card: Option<i64>,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// A stored message.
pub type StoredMessage = NewMessage;

/// What a person thought of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnFeedback {
    /// The turn.
    pub turn_id: Uuid,
    /// It helped.
    pub helpful: bool,
    /// The preferred answer of the turn.
    pub preferred: Option<Uuid>,
}

impl SessionRecord {
    /// Checks what a person said and makes the record of a new session.
    ///
    /// # Errors
    /// The first thing that cannot be accepted; nothing is kept then.
    pub fn open(new: &NewSession, now_ms: i64) -> Result<Self, SessionError> {
        let age_band = age_band(new.age)?;
        if !new.terms {
            return Err(SessionError::Terms);
        }
        let retention = Retention::choose(new.storage, age_band)?;
        Ok(Self {
            name: check_name(&new.name)?,
            age_band,
            country: new
                .country
                .as_deref()
                .map(check_country)
                .transpose()?
                .flatten(),
            locale: check_locale(new.locale.as_deref())?,
            retention,
            created_ms: now_ms,
            expires_ms: now_ms.saturating_add(retention.idle_ms()),
            ..Self::unknown()
        })
    }

    /// Somebody whose session cannot be read at the moment. Nothing is kept of them.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            access: SessionAccess::generate(),
            name: String::new(),
            age_band: AgeBand::From13To15,
            country: None,
            locale: "en".to_owned(),
            retention: Retention::Session,
            created_ms: 0,
            expires_ms: 0,
            questionnaire_version: None,
            answers: BTreeMap::new(),
            assessment: None,
            safety: 0,
            cards: 0,
            safety_plan: PlanTexts::new(),
            recovery_lookup: None,
            replaced_lookups: Vec::new(),
        }
    }

    /// Notes that the person is here. Gives whether the expiry moved enough to be worth a write
    /// (a minute), so that reading does not cost a write each time.
    pub fn touch(&mut self, now_ms: i64) -> bool {
        let expires_ms = now_ms.saturating_add(self.retention.idle_ms());
        let worth_it = expires_ms - self.expires_ms > 60_000;
        if worth_it {
            self.expires_ms = expires_ms;
        }
        worth_it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> NewSession {
        NewSession {
            name: "Asha".to_owned(),
            age: 15,
            country: Some("in".to_owned()),
            locale: None,
            terms: true,
            storage: StorageWish::Session,
        }
    }

    #[test]
    fn nothing_is_opened_without_consent() {
        let new = NewSession {
            terms: false,
            ..person()
        };
        assert_eq!(
            SessionRecord::open(&new, 0).err(),
            Some(SessionError::Terms)
        );
    }

    #[test]
    fn a_session_expires_after_a_day_and_moves_on_with_use() {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        let mut session = SessionRecord::open(&person(), 0).unwrap();
        assert_eq!(session.expires_ms, 24 * HOUR_MS);
        assert_eq!(session.country.as_deref(), Some("IN"));
        assert!(!session.touch(1_000));
        assert!(session.touch(HOUR_MS));
        assert_eq!(session.expires_ms, 25 * HOUR_MS);
    }
}
