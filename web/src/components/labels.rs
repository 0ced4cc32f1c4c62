//! Names that people read, for labels that programs use.

/// "social_media_addiction" becomes "Social media addiction".
pub(crate) fn readable(label: &str) -> String {
    let spaced = label.replace('_', " ");
    let mut characters = spaced.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// Whole numbers without a point, others with one digit after it.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// "32%", "4.8 h".
pub(crate) fn with_unit(value: f64, unit: &str) -> String {
    let space = if unit == "%" || unit.is_empty() {
        ""
    } else {
        " "
    };
    format!("{}{space}{unit}", number(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_words() {
        assert_eq!(readable("social_media_addiction"), "Social media addiction");
        assert_eq!(readable(""), "");
    }

    #[test]
    fn figures_keep_the_digits_that_matter() {
        assert_eq!(with_unit(32.0, "%"), "32%");
        assert_eq!(with_unit(16.7, "%"), "16.7%");
        assert_eq!(with_unit(4.8, "h"), "4.8 h");
    }
}
