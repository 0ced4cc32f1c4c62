//! Where a message goes, and what is remembered about a person's safety.

/// What happens with a message. Ordered by precedence, the highest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// The model answers.
    Answer,
    /// The model answers in a warmer frame, with resources.
    Support,
    /// Reviewed words ask one neutral question.
    CheckIn,
    /// Reviewed words say what this cannot answer, and who can.
    Redirect,
    /// Reviewed words say no, kindly.
    Decline,
    /// The fixed card; the model is not asked.
    Crisis,
}

impl Route {
    /// Every route, the lowest precedence first.
    pub const ALL: [Self; 6] = [
        Self::Answer,
        Self::Support,
        Self::CheckIn,
        Self::Redirect,
        Self::Decline,
        Self::Crisis,
    ];

    /// The name in stored messages, metrics and reports.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Support => "support",
            Self::CheckIn => "check_in",
            Self::Redirect => "redirect",
            Self::Decline => "decline",
            Self::Crisis => "crisis",
        }
    }

    /// The route of that name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.code() == code)
    }

    /// Whether the model answers.
    #[must_use]
    pub const fn is_open_to_model(self) -> bool {
        matches!(self, Self::Answer | Self::Support)
    }
}

/// What is known about a person's safety. It rises by itself; deleting the conversation does not lower it,
/// and only a clarification takes [`SafetyState::Crisis`] back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SafetyState {
    /// No sign so far.
    #[default]
    Clear,
    /// Signs of distress: less is needed to see a crisis.
    Distress,
    /// A sign of crisis was seen and is not cleared by saying that all is well.
    Crisis,
    /// Intent, a plan or an attempt was seen. Nothing that is written here takes it back.
    Immediate,
}

impl SafetyState {
    /// The number that is stored.
    #[must_use]
    pub const fn level(self) -> i64 {
        match self {
            Self::Clear => 0,
            Self::Distress => 1,
            Self::Crisis => 2,
            Self::Immediate => 3,
        }
    }

    /// The state of a stored number; a number beyond the known ones is taken as the highest.
    #[must_use]
    pub const fn from_level(level: i64) -> Self {
        match level {
            i64::MIN..=0 => Self::Clear,
            1 => Self::Distress,
            2 => Self::Crisis,
            _ => Self::Immediate,
        }
    }

    /// Whether a sign of crisis was seen and is not cleared.
    #[must_use]
    pub fn is_open(self) -> bool {
        self >= Self::Crisis
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_routes_survive_storage() {
        for state in [
            SafetyState::Clear,
            SafetyState::Distress,
            SafetyState::Crisis,
            SafetyState::Immediate,
        ] {
            assert_eq!(SafetyState::from_level(state.level()), state);
        }
        assert_eq!(SafetyState::from_level(99), SafetyState::Immediate);
        for route in Route::ALL {
            assert_eq!(Route::from_code(route.code()), Some(route));
        }
        assert_eq!(Route::from_code("unheard"), None);
    }
}
