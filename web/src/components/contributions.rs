//! "Why this result": what each answer added. In: the classification. Out: a table that can be
//! checked by hand.

use api_types::{ClassificationEvent, Contribution};
use leptos::prelude::*;

use super::labels::{number, readable};

/// Closed at first: it is for those who want to know.
#[component]
pub(crate) fn WhyThisResult(classification: ClassificationEvent) -> impl IntoView {
    let rows = classification
        .contributions
        .into_iter()
        .map(|row| view! { <Row row=row /> });
    let classifier_used = classification.classifier_used;
    view! {
        <details class="why">
            <summary>"Why this result?"</summary>
            <p>"Each answer adds points to a theme or to how strongly it shows. The theme with most points is named."</p>
            <Shares scores=classification.topic.scores />
            <table class="contributions" data-testid="contributions">
                <caption class="visually-hidden">"What each answer added"</caption>
                <thead><tr>
                    <th scope="col">"Your answer to"</th>
                    <th scope="col">"counts for"</th>
                    <th scope="col" class="contributions__points">"Points"</th>
                </tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
            {(!classifier_used).then(|| view! {
                <p class="why__note">"Your own words could not be read this time, so only your answers counted."</p>
            })}
        </details>
    }
}

#[component]
fn Row(row: Contribution) -> impl IntoView {
    let topic = if row.topic == "severity" {
        "How strongly".to_owned()
    } else {
        readable(&row.topic)
    };
    view! {
        <tr>
            <th scope="row">{row.prompt}</th>
            <td>{topic}</td>
            <td class="contributions__points">{number(row.points)}</td>
        </tr>
    }
}

#[component]
fn Shares(scores: std::collections::BTreeMap<String, f64>) -> impl IntoView {
    let mut scores: Vec<_> = scores.into_iter().collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    let items = scores.into_iter().map(|(label, score)| {
        view! { <li>{readable(&label)}<strong>{format!("{:.0}%", score * 100.0)}</strong></li> }
    });
    view! { <ul class="shares" aria-label="Share of each theme">{items.collect_view()}</ul> }
}
