//! A chart with its caption and source. In: points of one survey. Out: SVG, with every value also
//! in words.

use api_types::{Chart, ChartPoint};
use leptos::prelude::*;

use super::{SourceLine, labels::with_unit};

/// Bars, or a line for a trend.
#[component]
pub(crate) fn ChartView(chart: Chart) -> impl IntoView {
    let most = highest(&chart);
    let drawing = if chart.kind == "line" {
        view! { <Line points=chart.points unit=chart.unit most=most title=chart.title.clone() /> }
            .into_any()
    } else {
        view! { <Bars points=chart.points unit=chart.unit most=most /> }.into_any()
    };
    view! {
        <figure class="chart" data-testid="chart">
            <h3 class="chart__title">{chart.title}</h3>
            {drawing}
            <figcaption>
                <p>{chart.caption}</p>
                <SourceLine source=chart.source />
            </figcaption>
        </figure>
    }
}

/// The end of the axis: 100 for shares shown as bars, else a little above the highest value.
fn highest(chart: &Chart) -> f64 {
    let most = chart
        .points
        .iter()
        .map(|point| point.value)
        .fold(0.0, f64::max);
    let most = if most > 0.0 { most } else { 1.0 };
    if chart.unit == "%" && chart.kind != "line" {
        most.max(100.0)
    } else {
        most * 1.2
    }
}

#[component]
fn Bars(points: Vec<ChartPoint>, unit: String, most: f64) -> impl IntoView {
    let rows = points.into_iter().map(|point| {
        let width = format!("{:.1}%", 100.0 * (point.value / most).clamp(0.0, 1.0));
        view! {
            <li class="bar">
                <span class="bar__label">{point.label}</span>
                <strong class="bar__value">{with_unit(point.value, &unit)}</strong>
                <svg class="bar__track" width="100%" height="12" aria-hidden="true" focusable="false">
                    <rect class="bar__rail" width="100%" height="12" rx="6" />
                    <rect class="bar__fill" width=width height="12" rx="6" />
                </svg>
            </li>
        }
    });
    view! { <ul class="bars">{rows.collect_view()}</ul> }
}

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 150.0;
const SIDE: f64 = 28.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;

/// Where the points stand in the drawing, in its own units.
fn positions(points: &[ChartPoint], most: f64) -> Vec<(f64, f64)> {
    let gaps = u32::try_from(points.len().saturating_sub(1).max(1)).unwrap_or(u32::MAX);
    let step = (WIDTH - 2.0 * SIDE) / f64::from(gaps);
    let height = HEIGHT - TOP - BOTTOM;
    let mut x = SIDE;
    let mut found = Vec::new();
    for point in points {
        found.push((
            x,
            TOP + height * (1.0 - (point.value / most).clamp(0.0, 1.0)),
        ));
        x += step;
    }
    found
}

/// Where a value's words start: the outer ones of a unit in words would not fit around their point.
fn anchor(index: usize, count: usize, unit: &str) -> &'static str {
    match (unit.len() > 1, index) {
        (true, 0) => "start",
        (true, last) if last + 1 == count => "end",
        _ => "middle",
    }
}

#[component]
fn Line(points: Vec<ChartPoint>, unit: String, most: f64, title: String) -> impl IntoView {
    let places = positions(&points, most);
    let path: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let words: Vec<String> = points
        .iter()
        .map(|p| format!("{}: {}", p.label, with_unit(p.value, &unit)))
        .collect();
    let description = format!("{title}. {}.", words.join(", "));
    let count = points.len();
    let marks = points.into_iter().zip(places).enumerate().map(|(index, (point, (x, y)))| {
        let (value, anchor) = (with_unit(point.value, &unit), anchor(index, count, &unit));
        view! {
            <circle class="line__dot" cx=x.to_string() cy=y.to_string() r="4.5" />
            <text class="line__value" text-anchor=anchor x=x.to_string() y=(y - 10.0).to_string()>{value}</text>
            <text class="line__label" x=x.to_string() y=(HEIGHT - 6.0).to_string()>{point.label}</text>
        }
    });
    view! {
        <svg class="line" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=description>
            <path class="line__base" d=format!("M{SIDE} {0}H{1}", HEIGHT - BOTTOM, WIDTH - SIDE) />
            <polyline class="line__path" points=path.join(" ") />
            {marks.collect_view()}
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: f64) -> ChartPoint {
        ChartPoint {
            label: String::new(),
            value,
        }
    }

    #[test]
    fn higher_values_stand_higher_and_all_stay_inside() {
        let places = positions(&[point(7.0), point(11.0), point(999.0)], 12.0);
        assert!(places[0].1 > places[1].1);
        assert_eq!((places[0].0, places[2].0), (SIDE, WIDTH - SIDE));
        assert!(
            places
                .iter()
                .all(|(_, y)| (TOP..=HEIGHT - BOTTOM).contains(y))
        );
    }

    #[test]
    fn long_units_stay_inside_the_drawing() {
        let anchors = |unit| [0, 1, 2].map(|index| anchor(index, 3, unit));
        assert_eq!(anchors("%"), ["middle"; 3]);
        assert_eq!(anchors("minutes a day"), ["start", "middle", "end"]);
    }

    #[test]
    fn a_single_point_is_drawn() {
        assert_eq!(positions(&[point(5.0)], 10.0).len(), 1);
    }
}
