//! Rows into domain records and back: the one place that knows the codes in the columns.

use std::collections::BTreeMap;

use sqlx::FromRow;
use uuid::Uuid;

use crate::domain::{
    ports::StoreError,
    safety_plan::PlanTexts,
    session::{AgeBand, Author, Completeness, Retention, SessionRecord, StoredMessage},
};

#[derive(FromRow)]
pub(super) struct SessionRow {
    id: String,
    token_hash: Vec<u8>,
    name: String,
    age_band: String,
    country: Option<String>,
    locale: String,
    retention: String,
    created_ms: i64,
    expires_ms: i64,
    questionnaire_version: Option<String>,
    answers: String,
    topic: Option<String>,
    severity: Option<String>,
    safety: i64,
    cards: i64,
    safety_plan: String,
}

impl TryFrom<SessionRow> for SessionRecord {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse_uuid(&row.id)?,
            token_hash: row
                .token_hash
                .try_into()
                .map_err(|_| StoreError::Corrupt("token hash"))?,
            name: row.name,
            age_band: parse(&AGE_BANDS, &row.age_band).ok_or(StoreError::Corrupt("age band"))?,
            country: row.country,
            locale: row.locale,
            retention: parse(&RETENTIONS, &row.retention)
                .ok_or(StoreError::Corrupt("retention"))?,
            created_ms: row.created_ms,
            expires_ms: row.expires_ms,
            questionnaire_version: row.questionnaire_version,
            answers: serde_json::from_str(&row.answers)
                .map_err(|_| StoreError::Corrupt("answers"))?,
            assessment: row.topic.zip(row.severity),
            safety: row.safety,
            cards: row.cards,
            safety_plan: serde_json::from_str(&row.safety_plan)
                .map_err(|_| StoreError::Corrupt("safety plan"))?,
        })
    }
}

#[derive(FromRow)]
pub(super) struct MessageRow {
    turn_id: String,
    variant_id: Option<String>,
    author: String,
    text: String,
    completeness: String,
    route: String,
    card: Option<i64>,
    at_ms: i64,
}

impl TryFrom<MessageRow> for StoredMessage {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        Ok(Self {
            turn_id: parse_uuid(&row.turn_id)?,
            variant_id: row.variant_id.as_deref().map(parse_uuid).transpose()?,
            author: parse(&AUTHORS, &row.author).ok_or(StoreError::Corrupt("author"))?,
            text: row.text,
            completeness: parse(&COMPLETENESSES, &row.completeness)
                .ok_or(StoreError::Corrupt("completeness"))?,
            route: row.route,
            card: row.card,
            at_ms: row.at_ms,
        })
    }
}

const AGE_BANDS: [(AgeBand, &str); 4] = [
    (AgeBand::From13To15, "13-15"),
    (AgeBand::From16To17, "16-17"),
    (AgeBand::From18To25, "18-25"),
    (AgeBand::From26, "26+"),
];
const RETENTIONS: [(Retention, &str); 2] =
    [(Retention::Session, "session"), (Retention::Keep, "keep")];
const AUTHORS: [(Author, &str); 2] = [(Author::Person, "person"), (Author::Companion, "companion")];
const COMPLETENESSES: [(Completeness, &str); 3] = [
    (Completeness::Complete, "complete"),
    (Completeness::Cancelled, "cancelled"),
    (Completeness::CutOff, "cut_off"),
];

fn parse<T: Copy>(table: &[(T, &str)], code: &str) -> Option<T> {
    table
        .iter()
        .find(|(_, name)| *name == code)
        .map(|(value, _)| *value)
}

fn code<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table
        .iter()
        .find(|(known, _)| known == value)
        .map_or("", |(_, name)| name)
}

pub(super) fn age_band_code(value: AgeBand) -> &'static str {
    code(&AGE_BANDS, &value)
}

pub(super) fn retention_code(value: Retention) -> &'static str {
    code(&RETENTIONS, &value)
}

pub(super) fn author_code(value: Author) -> &'static str {
    code(&AUTHORS, &value)
}

pub(super) fn completeness_code(value: Completeness) -> &'static str {
    code(&COMPLETENESSES, &value)
}

pub(super) fn answers_text(answers: &BTreeMap<String, Vec<String>>) -> String {
    serde_json::json!(answers).to_string()
}

pub(super) fn plan_text(plan: &PlanTexts) -> String {
    serde_json::json!(plan).to_string()
}

fn parse_uuid(text: &str) -> Result<Uuid, StoreError> {
    Uuid::parse_str(text).map_err(|_| StoreError::Corrupt("identifier"))
}
