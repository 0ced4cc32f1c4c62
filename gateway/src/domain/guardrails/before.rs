//! What the guard knows of the conversation so far: the state, and how the person's messages were routed.

use super::route::{Route, SafetyState};

/// Earlier messages of the person that are read together with a new one.
pub const WINDOW: usize = 3;

/// One earlier message of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The words.
    pub text: String,
    /// How it was routed.
    pub route: Route,
}

/// What came before a message.
#[derive(Clone, Default)]
pub struct Before {
    /// What is remembered, also when the conversation was deleted.
    pub state: SafetyState,
    /// The person's messages, oldest first.
    pub earlier: Vec<Earlier>,
}

impl Before {
    /// Nothing was said yet.
    #[must_use]
    pub const fn nothing(state: SafetyState) -> Self {
        Self {
            state,
            earlier: Vec::new(),
        }
    }

    /// How the last message was routed.
    #[must_use]
    pub fn last_route(&self) -> Option<Route> {
        self.earlier.last().map(|earlier| earlier.route)
    }

    /// How often a message was routed so.
    #[must_use]
    pub fn count(&self, route: Route) -> usize {
        self.earlier
            .iter()
            .filter(|earlier| earlier.route == route)
            .count()
    }

    /// Messages since the last card; none when there was no card.
    #[must_use]
    pub fn since_card(&self) -> Option<usize> {
        self.earlier
            .iter()
            .rev()
            .position(|earlier| earlier.route == Route::Crisis)
    }

    /// The last messages that reviewed words did not end, as one text: what was decided on its own must
    /// not be decided again. Empty when there is none.
    #[must_use]
    pub fn window(&self) -> String {
        let recent = self.earlier.iter().rev().take(WINDOW);
        let mut texts: Vec<&str> = recent
            .take_while(|earlier| !matches!(earlier.route, Route::Crisis | Route::Decline))
            .map(|earlier| earlier.text.as_str())
            .collect();
        texts.reverse();
        texts.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(routes: &[Route]) -> Before {
        let earlier = routes.iter().enumerate().map(|(number, route)| Earlier {
            text: number.to_string(),
            route: *route,
        });
        Before {
            state: SafetyState::Clear,
            earlier: earlier.collect(),
        }
    }

    #[test]
    fn the_window_ends_where_reviewed_words_decided() {
        use Route::{Answer, CheckIn, Crisis, Support};
        assert_eq!(before(&[]).window(), "");
        assert_eq!(
            before(&[Answer, Answer, Support, CheckIn]).window(),
            "1\n2\n3"
        );
        assert_eq!(before(&[Answer, Crisis, Answer]).window(), "2");
        assert_eq!(before(&[Answer, Crisis]).window(), "");
    }

    #[test]
    fn routes_are_counted_from_the_end() {
        use Route::{Answer, CheckIn, Crisis};
        let before = before(&[CheckIn, Crisis, CheckIn, Answer]);
        assert_eq!(before.last_route(), Some(Answer));
        assert_eq!(before.count(CheckIn), 2);
        assert_eq!(before.since_card(), Some(2));
        assert_eq!(Before::default().since_card(), None);
    }
}
