//! Domain records as the bytes that are sealed, and back. The one place that knows the stored form; names of fields and
//! codes may be added to, never changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    ports::StoreError,
    session::{
        AgeBand, Author, Completeness, NewMessage, Retention, SessionAccess, SessionRecord,
        StoredMessage, TurnFeedback,
    },
};
use crate::stores::database::SessionRow;

#[derive(Serialize, Deserialize)]
pub(super) struct SessionPayload {
    name: String,
    age_band: String,
    country: Option<String>,
    locale: String,
    retention: String,
    keep_days: Option<u8>,
    questionnaire_version: Option<String>,
    answers: BTreeMap<String, Vec<String>>,
    assessment: Option<(String, String)>,
    cards: i64,
    safety_plan: BTreeMap<String, String>,
    recovery_lookup: Option<Vec<u8>>,
    replaced_lookups: Vec<Vec<u8>>,
}

impl SessionPayload {
    pub(super) fn of(session: &SessionRecord) -> Self {
        Self {
            name: session.name.clone(),
            age_band: code(&AGE_BANDS, &session.age_band).to_owned(),
            country: session.country.clone(),
            locale: session.locale.clone(),
            retention: match session.retention {
                Retention::Session => SESSION.to_owned(),
                Retention::Keep { .. } => KEEP.to_owned(),
            },
            keep_days: session.retention.keep_days(),
            questionnaire_version: session.questionnaire_version.clone(),
            answers: session.answers.clone(),
            assessment: session.assessment.clone(),
            cards: session.cards,
            safety_plan: session.safety_plan.clone(),
            recovery_lookup: session.recovery_lookup.clone(),
            replaced_lookups: session.replaced_lookups.clone(),
        }
    }

    /// The record, with what the row holds in clear.
    pub(super) fn into_record(
        self,
        access: SessionAccess,
        row: &SessionRow,
    ) -> Result<SessionRecord, StoreError> {
        Ok(SessionRecord {
            access,
            name: self.name,
            age_band: parse(&AGE_BANDS, &self.age_band, "age band")?,
            country: self.country,
            locale: self.locale,
            retention: match (self.retention.as_str(), self.keep_days) {
                (SESSION, None) => Retention::Session,
                (KEEP, Some(days)) => Retention::Keep { days },
                _ => return Err(StoreError::Corrupt("retention")),
            },
            created_ms: row.created_ms,
            expires_ms: row.expires_ms,
            questionnaire_version: self.questionnaire_version,
            answers: self.answers,
            assessment: self.assessment,
            safety: row.safety,
            cards: self.cards,
            safety_plan: self.safety_plan,
            recovery_lookup: self.recovery_lookup,
            replaced_lookups: self.replaced_lookups,
        })
    }
}

/// One entry of a conversation.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum EntryPayload {
    Message {
        turn_id: Uuid,
        variant_id: Option<Uuid>,
        author: String,
        text: String,
        completeness: String,
        route: String,
        card: Option<i64>,
        at_ms: i64,
    },
    /// The newest one of a turn counts.
    Feedback {
        turn_id: Uuid,
        helpful: bool,
        preferred: Option<Uuid>,
    },
}

impl EntryPayload {
    pub(super) fn message(message: &NewMessage) -> Self {
        Self::Message {
            turn_id: message.turn_id,
            variant_id: message.variant_id,
            author: code(&AUTHORS, &message.author).to_owned(),
            text: message.text.clone(),
            completeness: code(&COMPLETENESSES, &message.completeness).to_owned(),
            route: message.route.clone(),
            card: message.card,
            at_ms: message.at_ms,
        }
    }

    pub(super) const fn feedback(feedback: &TurnFeedback) -> Self {
        Self::Feedback {
            turn_id: feedback.turn_id,
            helpful: feedback.helpful,
            preferred: feedback.preferred,
        }
    }

    /// The message, when it is one.
    pub(super) fn into_message(self) -> Result<Option<StoredMessage>, StoreError> {
        let Self::Message {
            turn_id,
            variant_id,
            author,
            text,
            completeness,
            route,
            card,
            at_ms,
        } = self
        else {
            return Ok(None);
        };
        Ok(Some(StoredMessage {
            turn_id,
            variant_id,
            author: parse(&AUTHORS, &author, "author")?,
            text,
            completeness: parse(&COMPLETENESSES, &completeness, "completeness")?,
            route,
            card,
            at_ms,
        }))
    }

    /// The opinion, when it is one.
    pub(super) fn into_feedback(self) -> Option<TurnFeedback> {
        match self {
            Self::Feedback {
                turn_id,
                helpful,
                preferred,
            } => Some(TurnFeedback {
                turn_id,
                helpful,
                preferred,
            }),
            Self::Message { .. } => None,
        }
    }
}

const AGE_BANDS: [(AgeBand, &str); 4] = [
    (AgeBand::From13To15, "13-15"),
    (AgeBand::From16To17, "16-17"),
    (AgeBand::From18To25, "18-25"),
    (AgeBand::From26, "26+"),
];
const SESSION: &str = "session";
const KEEP: &str = "keep";
const AUTHORS: [(Author, &str); 2] = [(Author::Person, "person"), (Author::Companion, "companion")];
const COMPLETENESSES: [(Completeness, &str); 3] = [
    (Completeness::Complete, "complete"),
    (Completeness::Cancelled, "cancelled"),
    (Completeness::CutOff, "cut_off"),
];

fn parse<T: Copy>(table: &[(T, &str)], code: &str, what: &'static str) -> Result<T, StoreError> {
    table
        .iter()
        .find(|(_, name)| *name == code)
        .map(|(value, _)| *value)
        .ok_or(StoreError::Corrupt(what))
}

fn code<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table
        .iter()
        .find(|(known, _)| known == value)
        .map_or("", |(_, name)| name)
}
