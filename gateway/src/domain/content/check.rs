//! The small checks that every content file needs.

use std::collections::HashSet;

use super::ContentError;

pub(super) fn unique<'a>(
    file: &'static str,
    what: &str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<(), ContentError> {
    let mut seen = HashSet::new();
    for id in ids {
        not_blank(file, &format!("id of a {what}"), id)?;
        if !seen.insert(id) {
            return Err(ContentError::invalid(
                file,
                format!("{what} {id:?} appears twice"),
            ));
        }
    }
    Ok(())
}

pub(super) fn not_blank(file: &'static str, what: &str, text: &str) -> Result<(), ContentError> {
    if text.trim().is_empty() {
        return Err(ContentError::invalid(file, format!("{what} is empty")));
    }
    Ok(())
}

/// At least `minimum` entries, none of them blank.
pub(super) fn enough<'a>(
    file: &'static str,
    what: &str,
    minimum: usize,
    texts: impl Iterator<Item = &'a str>,
) -> Result<(), ContentError> {
    let mut count = 0;
    for text in texts {
        not_blank(file, what, text)?;
        count += 1;
    }
    if count < minimum {
        let reason = format!("{what}: {count} given, at least {minimum} needed");
        return Err(ContentError::invalid(file, reason));
    }
    Ok(())
}
