//! Figures with everything needed to read them honestly.

use api_types::Statistic;
use leptos::prelude::*;

use super::{SourceLine, labels::with_unit};

/// One card for each figure.
#[component]
pub(crate) fn StatisticList(statistics: Vec<Statistic>) -> impl IntoView {
    let cards = statistics.into_iter().map(|statistic| {
        view! {
            <li class="statistic">
                <p class="statistic__value">{with_unit(statistic.value, &statistic.unit)}</p>
                <div>
                    <p class="statistic__text">{statistic.text}</p>
                    <p class="statistic__base">{statistic.population}", "{statistic.year}</p>
                    <SourceLine source=statistic.source />
                </div>
            </li>
        }
    });
    view! { <ul class="statistics">{cards.collect_view()}</ul> }
}
