//! The recovery words while they are shown. In: the words. Out: the wish to copy or to hide them.

use leptos::prelude::*;

/// Id of the heading that takes the focus when the words appear.
pub(crate) const WORDS_TITLE_ID: &str = "words-title";

/// What became of "Copy".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Copied {
    /// Not asked for.
    #[default]
    No,
    /// On the clipboard.
    Yes,
    /// The browser refused.
    Refused,
}

/// A numbered list, because the order counts.
#[component]
pub(crate) fn RecoveryWords(
    /// With spaces between them.
    phrase: String,
    copied: Signal<Copied>,
    on_copy: Callback<()>,
    on_hide: Callback<()>,
) -> impl IntoView {
    let words = phrase.split_whitespace().map(str::to_owned);
    let words = words.map(|word| view! { <li>{word}</li> }).collect_view();
    let outcome = move || match copied.get() {
        Copied::No => "",
        Copied::Yes => "Copied. The words stay on the clipboard until you copy something else.",
        Copied::Refused => "This browser does not let us copy. Please write the words down.",
    };
    // A translator in the browser would change the words, and send them away.
    view! {
        <h3 id=WORDS_TITLE_ID class="words__title" tabindex="-1">"Your recovery words"</h3>
        <p><strong>"They are shown only now."</strong>" Write them down in this order."</p>
        <ol class="words" translate="no" data-testid="recovery-words">{words}</ol>
        <div class="form__buttons">
            <button type="button" class="button button--secondary" data-testid="copy-words"
                on:click=move |_| on_copy.run(())>"Copy"</button>
            <button type="button" class="button button--secondary" data-testid="hide-words"
                on:click=move |_| on_hide.run(())>"I have them, hide them"</button>
        </div>
        <p class="words__note" role="status">{outcome}</p>
    }
}
