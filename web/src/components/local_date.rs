//! A moment as a date. In: RFC 3339 in UTC. Out: the day in the time zone of the person.

use js_sys::{Date, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// The language of the page, so that a screen reader does not meet words of another one; the month
/// is a word, because 7/8 is not the same day everywhere.
const LOCALE: &str = "en-GB";

/// "3 July 2026", or "3 July 2026 at 14:05".
#[component]
pub(crate) fn LocalDate(
    /// RFC 3339.
    at: String,
    /// Whether the hour matters.
    with_time: bool,
) -> impl IntoView {
    let words = local(&at, with_time).unwrap_or_else(|| day_of(&at).to_owned());
    view! { <time datetime=at data-testid="date">{words}</time> }
}

/// None for what is no date.
fn local(at: &str, with_time: bool) -> Option<String> {
    let date = Date::new(&JsValue::from_str(at));
    if date.get_time().is_nan() {
        return None;
    }
    let options = Object::new();
    Reflect::set(&options, &"dateStyle".into(), &"long".into()).ok()?;
    if with_time {
        Reflect::set(&options, &"timeStyle".into(), &"short".into()).ok()?;
    }
    Some(date.to_locale_string(LOCALE, &options).into())
}

/// The day as it is written in RFC 3339.
fn day_of(at: &str) -> &str {
    at.get(..10).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::day_of;

    #[test]
    fn without_a_calendar_the_day_is_shown_as_it_came() {
        assert_eq!(day_of("2026-07-03T14:05:00Z"), "2026-07-03");
        assert_eq!(day_of("soon"), "soon");
    }
}
