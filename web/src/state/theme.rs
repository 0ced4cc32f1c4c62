//! Light or dark. Follows the system until the person chooses; only that choice is kept in the
//! browser, nothing about the person is.

use leptos::prelude::*;

const STORAGE_KEY: &str = "theme";

/// The two themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Light, Self::Dark]
            .into_iter()
            .find(|theme| theme.name() == name)
    }

    fn other(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }
    }
}

/// The theme for the whole visit.
#[derive(Clone, Copy)]
pub(crate) struct ThemeState {
    /// What is shown now.
    pub(crate) theme: RwSignal<Theme>,
}

impl ThemeState {
    /// Reads the earlier choice, else the system's.
    pub(crate) fn from_browser() -> Self {
        let chosen = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten());
        let chosen = chosen.as_deref().and_then(Theme::parse);
        if let Some(theme) = chosen {
            show(theme);
        }
        Self {
            theme: RwSignal::new(chosen.unwrap_or_else(system_theme)),
        }
    }

    /// Changes to the other theme and remembers it.
    pub(crate) fn toggle(self) {
        let theme = self.theme.get_untracked().other();
        self.theme.set(theme);
        show(theme);
        if let Some(storage) = storage() {
            // A browser that refuses storage still shows the theme until the page is closed.
            let _ = storage.set_item(STORAGE_KEY, theme.name());
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn system_theme() -> Theme {
    let dark = window()
        .match_media("(prefers-color-scheme: dark)")
        .ok()
        .flatten();
    if dark.is_some_and(|query| query.matches()) {
        Theme::Dark
    } else {
        Theme::Light
    }
}

fn show(theme: Theme) {
    if let Some(root) = document().document_element() {
        // The root element takes any attribute.
        let _ = root.set_attribute("data-theme", theme.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_names_are_read_from_storage() {
        assert_eq!(Theme::parse("dark"), Some(Theme::Dark));
        assert_eq!(Theme::parse("light"), Some(Theme::Light));
        assert_eq!(Theme::parse("<script>"), None);
    }
}
