//! The welcome form. In: what was typed. Out: the request, or what to correct, field by field.
//! The server checks again; this only spares a round trip.

use api_types::{Consent, CreateSession, StorageConsent};

const LONGEST_NAME: usize = 40;
const OLDEST: i64 = 120;
/// Days without a visit that a person may choose from; the server takes 1 to 30.
pub(crate) const KEEP_DAYS: [u8; 3] = [7, 14, 30];
const KEEP_DAYS_DEFAULT: u8 = 30;
/// For people under 18, the same as the server's own default.
const KEEP_DAYS_MINOR: u8 = 7;

/// What was typed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WelcomeForm {
    pub(crate) name: String,
    pub(crate) age: String,
    /// ISO 3166-1 alpha-2, or empty.
    pub(crate) country: String,
    pub(crate) storage: StorageConsent,
    /// None until the person chose: their age decides then.
    pub(crate) keep_days: Option<u8>,
    pub(crate) terms: bool,
}

impl Default for WelcomeForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            age: String::new(),
            country: String::new(),
            storage: StorageConsent::Session,
            keep_days: None,
            terms: false,
        }
    }
}

impl WelcomeForm {
    /// In years; none for what is no age.
    fn age(&self) -> Option<i64> {
        let age = self.age.trim().parse().ok();
        age.filter(|age| (1..=OLDEST).contains(age))
    }

    /// Days without a visit after which "keep" ends: as chosen, or what fits the age.
    pub(crate) fn keep_days(&self) -> u8 {
        self.keep_days.unwrap_or_else(|| match self.age() {
            Some(13..=17) => KEEP_DAYS_MINOR,
            Some(_) | None => KEEP_DAYS_DEFAULT,
        })
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
    let age = form.age();
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
                keep_days: (form.storage == StorageConsent::Keep).then(|| form.keep_days()),
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
        assert_eq!(request.consent.keep_days, None);
    }

    #[test]
    fn words_that_are_kept_are_kept_for_a_week_for_minors_and_longer_when_asked() {
        let kept = |age: &str, keep_days| {
            let form = WelcomeForm {
                age: age.into(),
                storage: StorageConsent::Keep,
                keep_days,
                ..filled()
            };
            check(&form, None).unwrap().consent.keep_days
        };
        let by_age = [("13", 7), ("17", 7), (" 17 ", 7), ("18", 30), ("80", 30)];
        for (age, days) in by_age {
            assert_eq!(kept(age, None), Some(days), "{age}");
        }
        assert_eq!(kept("15", Some(14)), Some(14));
        assert_eq!(kept("30", Some(7)), Some(7));
    }

    #[test]
    fn a_default_can_be_chosen_in_the_list_before_an_age_is_there_too() {
        for age in ["", "ten", "15", "40"] {
            let form = WelcomeForm {
                age: age.into(),
                ..WelcomeForm::default()
            };
            assert!(KEEP_DAYS.contains(&form.keep_days()), "{age}");
        }
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
