//! Light or dark. Follows the system until the person chooses; only that choice is kept in the
//! browser, nothing about the person is.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, closure::Closure},
};

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

    fn of_system(is_dark: bool) -> Self {
        if is_dark { Self::Dark } else { Self::Light }
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
    system: RwSignal<Theme>,
    chosen: RwSignal<Option<Theme>>,
}

impl ThemeState {
    /// Reads the earlier choice and follows the system's theme.
    pub(crate) fn from_browser() -> Self {
        let chosen = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten());
        let chosen = chosen.as_deref().and_then(Theme::parse);
        if let Some(theme) = chosen {
            show(theme);
        }
        Self {
            system: follow_system(),
            chosen: RwSignal::new(chosen),
        }
    }

    /// What is shown now.
    pub(crate) fn shown(self) -> Signal<Theme> {
        Signal::derive(move || self.chosen.get().unwrap_or_else(|| self.system.get()))
    }

    /// Changes to the other theme and remembers it.
    pub(crate) fn toggle(self) {
        let theme = self.shown().get_untracked().other();
        self.chosen.set(Some(theme));
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

/// The system's theme; many systems change it in the evening, while a page is open.
fn follow_system() -> RwSignal<Theme> {
    let query = window().match_media("(prefers-color-scheme: dark)");
    let Ok(Some(query)) = query else {
        return RwSignal::new(Theme::Light);
    };
    let system = RwSignal::new(Theme::of_system(query.matches()));
    let source = query.clone();
    let changed = Closure::<dyn FnMut()>::new(move || {
        system.set(Theme::of_system(source.matches()));
    });
    query.set_onchange(Some(changed.as_ref().unchecked_ref()));
    // The page listens for as long as it lives.
    changed.forget();
    system
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
