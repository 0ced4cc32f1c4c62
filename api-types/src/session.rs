//! Who is here: creating a session and asking where it stands.

use serde::{Deserialize, Serialize};

/// How long the words of a person are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StorageConsent {
    /// Gone when the person leaves, or after 24 hours without use.
    Session,
    /// Kept until the person deletes it, at most 30 days without use.
    Keep,
}

/// What the person agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Consent {
    /// Must be true.
    pub terms: bool,
    /// Where the words may be kept.
    pub storage: StorageConsent,
    /// Days without a visit after which "keep" ends, 1 to 30. Left out: 30, and 7 for people under 18.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u8>,
}

/// Body of `POST /sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// What the companion may call the person; 1 to 40 characters, any name will do.
    pub name: String,
    /// Age in years. Only the band is kept.
    pub age: i64,
    /// ISO 3166-1 alpha-2, for helplines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What the person agreed to.
    pub consent: Consent,
}

/// The only thing about age that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AgeBand {
    /// 13 to 15 years.
    #[serde(rename = "13-15")]
    From13To15,
    /// 16 or 17 years.
    #[serde(rename = "16-17")]
    From16To17,
    /// 18 to 25 years.
    #[serde(rename = "18-25")]
    From18To25,
    /// 26 years and more.
    #[serde(rename = "26+")]
    From26,
}

/// Answer to `POST /sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Public identifier; it opens nothing without the cookie.
    pub id: String,
    /// What the companion calls the person.
    pub name: String,
    /// Age band.
    pub age_band: AgeBand,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// BCP 47 tag.
    pub locale: String,
    /// How long the words are kept.
    pub storage: StorageConsent,
    /// Days without a visit after which "keep" ends; none for "session".
    pub keep_days: Option<u8>,
    /// RFC 3339; the session ends then if it is not used before.
    pub expires_at: String,
}

/// Answer to `POST /sessions/me/recovery-phrase`: shown once, and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryPhrase {
    /// Twelve words (BIP39, English) with spaces between them.
    pub phrase: String,
}

/// Body of `POST /sessions/recover`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecoverSession {
    /// The twelve words in their order; case and extra spaces do not matter.
    pub phrase: String,
}

/// Answer to `GET /sessions/me`: where the person is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionStatus {
    /// The session itself.
    pub session: Session,
    /// Version of the questionnaire that `answers` belong to, when any are kept.
    pub questionnaire_version: Option<String>,
    /// Answers so far: question id to chosen option ids.
    pub answers: std::collections::BTreeMap<String, Vec<String>>,
    /// Every required question has an answer.
    pub answers_complete: bool,
    /// An assessment was made.
    pub assessed: bool,
    /// A sign of crisis was seen and not cleared since.
    pub crisis: bool,
    /// A recovery phrase was made; a new one replaces it.
    pub recovery_phrase: bool,
}
