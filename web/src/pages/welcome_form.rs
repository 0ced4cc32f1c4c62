//! The form of the welcome page. In: what is typed. Out: a session, or what is wrong.

use api_types::{Problem, StorageConsent};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;

use crate::{
    api,
    components::{CountryOptions, ProblemNotice, TextField},
    state::{AssessmentState, ChatState, FormErrors, KEEP_DAYS, SessionState, WelcomeForm, check},
};

/// Name, age, country, consent.
#[component]
pub(crate) fn WelcomeFormSection() -> impl IntoView {
    let form = RwSignal::new(WelcomeForm::default());
    let errors = RwSignal::new(FormErrors::default());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let session = expect_context::<SessionState>();
    let (assessment, chat) = (
        expect_context::<AssessmentState>(),
        expect_context::<ChatState>(),
    );
    let navigate = StoredValue::new_local(use_navigate());
    let submit = move || {
        if busy.get_untracked() {
            return;
        }
        problem.set(None);
        let request = match check(&form.get_untracked(), window().navigator().language()) {
            Ok(request) => request,
            Err(found) => {
                errors.set(found);
                focus_first(found);
                return;
            }
        };
        errors.set(FormErrors::default());
        busy.set(true);
        spawn_local(async move {
            match api::create_session(&request).await {
                Ok(created) => {
                    // A session that ended while the page was open was perhaps somebody else's.
                    assessment.forget();
                    chat.forget();
                    session.created(created);
                    navigate.with_value(|go| go("/questionnaire", Default::default()));
                }
                Err(error) => {
                    problem.set(Some(error.into_problem()));
                    busy.set(false);
                }
            }
        });
    };
    view! {
        <form class="card card--raised form" novalidate autocomplete="off"
            on:submit=move |event| { event.prevent_default(); submit(); }>
            <h2>"Before we start"</h2>
            <Person form=form errors=errors />
            <StorageChoice form=form />
            <Terms form=form errors=errors />
            {move || problem.get().map(|problem| view! { <ProblemNotice problem=problem /> })}
            <button type="submit" class="button button--primary button--wide" data-testid="start"
                aria-disabled=move || busy.get().then_some("true")>
                {move || if busy.get() { "Starting…" } else { "Start" }}
            </button>
        </form>
    }
}

fn focus_first(errors: FormErrors) {
    let id = match errors {
        FormErrors { name: Some(_), .. } => "name",
        FormErrors { age: Some(_), .. } => "age",
        _ => "consent",
    };
    super::questionnaire_steps::focus(id);
}

#[component]
fn Person(form: RwSignal<WelcomeForm>, errors: RwSignal<FormErrors>) -> impl IntoView {
    let countries = RwSignal::new(Vec::new());
    spawn_local(async move {
        // Without the list the form still works; the country only sorts the helplines.
        if let Ok(directory) = api::helplines(None).await {
            countries.try_set(directory.countries);
        }
    });
    let country = Signal::derive(move || form.with(|form| form.country.clone()));
    view! {
        <TextField id="name" label="What should I call you?" hint="Any name will do." kind="text"
            value=Signal::derive(move || form.with(|form| form.name.clone()))
            error=Signal::derive(move || errors.get().name)
            on_change=Callback::new(move |text| form.update(|form| form.name = text)) />
        <TextField id="age" label="How old are you?" hint="Only an age group is kept." kind="number"
            value=Signal::derive(move || form.with(|form| form.age.clone()))
            error=Signal::derive(move || errors.get().age)
            on_change=Callback::new(move |text| form.update(|form| form.age = text)) />
        <div class="field">
            <label class="field__label" for="country">"Where do you live?"</label>
            <select class="field__input" id="country" data-testid="country" aria-describedby="country-hint"
                on:change:target=move |event| form.update(|form| form.country = event.target().value())>
                <option value="">"Somewhere else, or rather not say"</option>
                {move || view! { <CountryOptions codes=countries.get() chosen=country /> }}
            </select>
            <p class="field__hint" id="country-hint">"Only to show helplines near you."</p>
        </div>
    }
}

#[component]
fn StorageChoice(form: RwSignal<WelcomeForm>) -> impl IntoView {
    let keeps = Memo::new(move |_| form.with(|form| form.storage == StorageConsent::Keep));
    view! {
        <fieldset class="field">
            <legend class="field__label">"How long may your words be kept?"</legend>
            <div class="choices">
                <StorageOption form=form storage=StorageConsent::Session test_id="consent-session"
                    label="For this session" detail="Gone when you leave, or after 24 hours without a visit." />
                <StorageOption form=form storage=StorageConsent::Keep test_id="consent-keep"
                    label="Until I delete them" detail="Or until you have not visited for some days." />
            </div>
        </fieldset>
        <Show when=move || keeps.get()><KeepDays form=form /></Show>
    }
}

/// Follows the age until the person chooses.
#[component]
fn KeepDays(form: RwSignal<WelcomeForm>) -> impl IntoView {
    let chosen = Memo::new(move |_| form.with(WelcomeForm::keep_days));
    let options = KEEP_DAYS.map(|days| {
        view! {
            <option value=days.to_string() prop:selected=move || chosen.get() == days>
                {format!("{days} days")}
            </option>
        }
    });
    view! {
        <div class="field">
            <label class="field__label" for="keep-days">"How many days without a visit?"</label>
            <select class="field__input" id="keep-days" data-testid="keep-days" aria-describedby="keep-days-hint"
                on:change:target=move |event| {
                    let days = event.target().value().parse().ok();
                    form.update(|form| form.keep_days = days);
                }>
                {options.into_iter().collect_view()}
            </select>
            <p class="field__hint" id="keep-days-hint">
                "Without this browser’s cookie or your recovery words nobody can open what is kept, \
                and neither can we. You can make the words on the page “Your data”."
            </p>
        </div>
    }
}

#[component]
fn StorageOption(
    form: RwSignal<WelcomeForm>,
    storage: StorageConsent,
    test_id: &'static str,
    label: &'static str,
    detail: &'static str,
) -> impl IntoView {
    view! {
        <label class="choice">
            <input class="choice__input" type="radio" name="storage" data-testid=test_id
                prop:checked=move || form.with(|form| form.storage == storage)
                on:change=move |_| form.update(|form| form.storage = storage) />
            <span class="choice__label">{label}<small>{detail}</small></span>
        </label>
    }
}

#[component]
fn Terms(form: RwSignal<WelcomeForm>, errors: RwSignal<FormErrors>) -> impl IntoView {
    view! {
        <div class="field">
            <label class="choice choice--plain">
                <input class="choice__input" type="checkbox" id="consent" data-testid="consent"
                    aria-describedby="consent-error" aria-invalid=move || errors.get().terms.map(|_| "true")
                    prop:checked=move || form.with(|form| form.terms)
                    on:change:target=move |event| form.update(|form| form.terms = event.target().checked()) />
                <span class="choice__label">
                    "I understand that this is an AI and not a therapist or an emergency service, \
                    that it can be wrong, and that the server reads my words while it answers."
                </span>
            </label>
            <p class="field__error" id="consent-error">{move || errors.get().terms}</p>
        </div>
    }
}
