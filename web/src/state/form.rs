//! The welcome form. In: what was typed. Out: the request, or what to correct, field by field.
//! The server checks again; this only spares a round trip.

use api_types::{Consent, CreateSession, StorageConsent};

const LONGEST_NAME: usize = 40;

/// What was typed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WelcomeForm {
    pub(crate) name: String,
    pub(crate) age: String,
    /// ISO 3166-1 alpha-2, or empty.
    pub(crate) country: String,
    pub(crate) storage: StorageConsent,
    pub(crate) terms: bool,
}

impl Default for WelcomeForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            age: String::new(),
            country: String::new(),
            storage: StorageConsent::Session,
            terms: false,
        }
    }
}

/// What to correct.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FormErrors {
    pub(crate) name: Option<&'static str>,
    pub(crate) age: Option<&'static str>,
    pub(crate) terms: Option<&'static str>,
}

/// Reads the form. The locale is the browser's language (BCP 47).
pub(crate) fn check(
    form: &WelcomeForm,
    locale: Option<String>,
) -> Result<CreateSession, FormErrors> {
    let mut errors = FormErrors::default();
    let name = form.name.trim();
    if name.is_empty() {
        errors.name = Some("Enter a name. Any name will do, it need not be your real one.");
    } else if name.chars().count() > LONGEST_NAME {
        errors.name = Some("Use at most 40 characters.");
    }
    let age = form
        .age
        .trim()
        .parse::<i64>()
        .ok()
        .filter(|age| (1..=120).contains(age));
    if age.is_none() {
        errors.age = Some("Enter your age in years, as a number.");
    }
    if !form.terms {
        errors.terms = Some("Tick the box to start.");
    }
    match age {
        Some(age) if errors == FormErrors::default() => Ok(CreateSession {
            name: name.to_owned(),
            age,
            country: (!form.country.is_empty()).then(|| form.country.clone()),
            locale,
            consent: Consent {
                terms: true,
                storage: form.storage,
            },
        }),
        _ => Err(errors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> WelcomeForm {
        WelcomeForm {
            name: " Sam ".into(),
            age: "16".into(),
            terms: true,
            ..WelcomeForm::default()
        }
    }

    #[test]
    fn a_filled_form_becomes_a_request_and_keeps_nothing_for_longer_by_default() {
        let request = check(&filled(), Some("en-IN".into())).unwrap();
        assert_eq!(
            (request.name.as_str(), request.age, request.country),
            ("Sam", 16, None)
        );
        assert_eq!(request.consent.storage, StorageConsent::Session);
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        let errors = check(&WelcomeForm::default(), None).unwrap_err();
        assert!(errors.name.is_some() && errors.age.is_some() && errors.terms.is_some());
    }

    #[test]
    fn an_age_that_is_no_age_is_refused_but_a_young_one_is_left_to_the_server() {
        for age in ["", "-1", "300", "ten", "1e3", "0"] {
            let form = WelcomeForm {
                age: age.into(),
                ..filled()
            };
            assert!(check(&form, None).unwrap_err().age.is_some(), "{age}");
        }
        assert!(
            check(
                &WelcomeForm {
                    age: "7".into(),
                    ..filled()
                },
                None
            )
            .is_ok()
        );
    }

    #[test]
    fn a_name_is_counted_in_characters() {
        let named = |count| WelcomeForm {
            name: "ü".repeat(count),
            ..filled()
        };
        assert!(check(&named(40), None).is_ok());
        assert!(check(&named(41), None).unwrap_err().name.is_some());
    }
}
