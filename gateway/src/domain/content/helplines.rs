//! `helplines.toml`: people who listen, by country, and emergency words.

use api_types::{Helpline, HelplineDirectory};
use serde::Deserialize;

use super::{
    ContentError,
    check::{not_blank, unique},
};

/// Name inside the content folder.
pub(super) const FILE: &str = "helplines.toml";
/// The country code of entries that hold everywhere.
pub const INTERNATIONAL: &str = "INTL";
/// The code of entries that hold in much of Europe.
const EUROPE: &str = "EU";
/// Countries that the entries of [`EUROPE`] are shown in, after their own.
const EUROPEAN_COUNTRIES: [&str; 31] = [
    "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR",
    "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "UA",
];

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HelplinesFile {
    /// Days after which a check with the service must be repeated.
    pub(super) max_age_days: u32,
    pub(super) emergency: Vec<Emergency>,
    pub(super) helplines: Vec<Helpline>,
}

/// What to do in immediate danger.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// ISO 3166-1 alpha-2, or [`INTERNATIONAL`].
    pub country: String,
    /// For example "In immediate danger call 112."
    pub text: String,
}

impl HelplinesFile {
    pub(super) fn check(&self) -> Result<(), ContentError> {
        let invalid = |reason: String| Err(ContentError::invalid(FILE, reason));
        unique(
            FILE,
            "helpline",
            self.helplines.iter().map(|line| line.id.as_str()),
        )?;
        unique(
            FILE,
            "emergency",
            self.emergency.iter().map(|entry| entry.country.as_str()),
        )?;
        if self.max_age_days == 0 {
            return invalid("max_age_days must be at least 1".to_owned());
        }
        for line in &self.helplines {
            not_blank(FILE, &format!("name of {:?}", line.id), &line.name)?;
            if !line.source_url.starts_with("http") {
                return invalid(format!("helpline {:?} has no source_url", line.id));
            }
            if line.contacts.is_empty() {
                return invalid(format!("helpline {:?} has no contact", line.id));
            }
            if line
                .contacts
                .iter()
                .any(|contact| !is_safe_target(&contact.href))
            {
                return invalid(format!(
                    "helpline {:?}: href must begin with tel:, sms: or https:",
                    line.id
                ));
            }
        }
        let everywhere = |country: &str| country == INTERNATIONAL;
        if !self.helplines.iter().any(|line| everywhere(&line.country)) {
            return invalid(format!("no helpline for {INTERNATIONAL}"));
        }
        if !self
            .emergency
            .iter()
            .any(|entry| everywhere(&entry.country))
        {
            return invalid(format!("no emergency text for {INTERNATIONAL}"));
        }
        Ok(())
    }
}

fn is_safe_target(href: &str) -> bool {
    ["tel:", "sms:", "https://"]
        .iter()
        .any(|scheme| href.starts_with(scheme))
}

/// Helplines of a country (any case; none or unknown gives only what holds everywhere), then the
/// international directory, with the emergency words and the other countries that have entries.
pub(super) fn directory(
    helplines: &[Helpline],
    emergency: &[Emergency],
    country: Option<&str>,
) -> HelplineDirectory {
    let wanted = country.map(|country| country.trim().to_ascii_uppercase());
    let wanted = wanted.map(|country| {
        if country == "UK" {
            "GB".to_owned()
        } else {
            country
        }
    });
    let mut found = Vec::new();
    let mut known = None;
    if let Some(code) = wanted.filter(|code| code != INTERNATIONAL) {
        found.extend(of(helplines, &code));
        if EUROPEAN_COUNTRIES.contains(&code.as_str()) {
            found.extend(of(helplines, EUROPE));
        }
        let has_emergency = emergency.iter().any(|entry| entry.country == code);
        if !found.is_empty() || has_emergency {
            known = Some(code);
        }
    }
    found.extend(of(helplines, INTERNATIONAL));
    let words = |code: &str| {
        emergency
            .iter()
            .find(|entry| entry.country == code)
            .map(|entry| entry.text.clone())
    };
    let mut countries: Vec<String> = helplines
        .iter()
        .map(|line| line.country.clone())
        .filter(|code| code != INTERNATIONAL && Some(code) != known.as_ref())
        .collect();
    countries.sort();
    countries.dedup();
    HelplineDirectory {
        emergency: known
            .as_deref()
            .and_then(words)
            .or_else(|| words(INTERNATIONAL))
            .unwrap_or_default(),
        country: known,
        helplines: found,
        countries,
    }
}

fn of<'a>(helplines: &'a [Helpline], country: &'a str) -> impl Iterator<Item = Helpline> + 'a {
    helplines
        .iter()
        .filter(move |line| line.country == country)
        .cloned()
}
