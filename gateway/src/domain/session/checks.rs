//! What a person says about themself, checked: an age becomes a band, a name loses what cannot be
//! read, a country and a locale become codes.

use super::{AgeBand, MAXIMUM_AGE, MAXIMUM_NAME_CHARS, MINIMUM_AGE, SessionError};

pub(super) fn age_band(age: i64) -> Result<AgeBand, SessionError> {
    match age {
        0..MINIMUM_AGE => Err(SessionError::TooYoung),
        13..=15 => Ok(AgeBand::From13To15),
        16..=17 => Ok(AgeBand::From16To17),
        18..=25 => Ok(AgeBand::From18To25),
        26..=MAXIMUM_AGE => Ok(AgeBand::From26),
        _ => Err(SessionError::AgeOutOfRange),
    }
}

pub(super) fn check_name(name: &str) -> Result<String, SessionError> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    let visible = name.chars().any(char::is_alphanumeric);
    if !visible || name.chars().count() > MAXIMUM_NAME_CHARS {
        return Err(SessionError::Name);
    }
    Ok(name.to_owned())
}

pub(super) fn check_country(country: &str) -> Result<Option<String>, SessionError> {
    let country = country.trim();
    if country.is_empty() {
        return Ok(None);
    }
    if country.len() == 2 && country.chars().all(|c| c.is_ascii_alphabetic()) {
        return Ok(Some(country.to_ascii_uppercase()));
    }
    Err(SessionError::Country)
}

pub(super) fn check_locale(locale: Option<&str>) -> Result<String, SessionError> {
    let Some(locale) = locale.map(str::trim).filter(|locale| !locale.is_empty()) else {
        return Ok("en".to_owned());
    };
    let well_formed = locale.len() <= 35
        && locale.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        });
    if well_formed {
        Ok(locale.to_owned())
    } else {
        Err(SessionError::Locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_becomes_a_band_and_children_are_turned_away() {
        let cases = [
            (13, Ok(AgeBand::From13To15)),
            (17, Ok(AgeBand::From16To17)),
            (25, Ok(AgeBand::From18To25)),
            (26, Ok(AgeBand::From26)),
            (7, Err(SessionError::TooYoung)),
            (-1, Err(SessionError::AgeOutOfRange)),
            (300, Err(SessionError::AgeOutOfRange)),
        ];
        for (age, expected) in cases {
            assert_eq!(age_band(age), expected, "age {age}");
        }
    }

    #[test]
    fn a_name_needs_something_to_read_and_loses_control_characters() {
        let named = |name: &str| check_name(name);
        assert_eq!(named(" Zoë\u{0} "), Ok("Zoë".to_owned()));
        assert_eq!(named("\u{200b}"), Err(SessionError::Name));
        assert_eq!(named(&"x".repeat(41)), Err(SessionError::Name));
    }
}
