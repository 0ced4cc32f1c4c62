//! Points of several groups in one plot. In: pairs of numbers. Out: SVG; each group has a colour and a shape,
//! so that colour is not needed to tell them apart.

use api_types::PointSeries;
use leptos::prelude::*;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;

/// A plot with its legend.
#[component]
pub(crate) fn ScatterView(
    title: &'static str,
    caption: &'static str,
    series: Vec<PointSeries>,
) -> impl IntoView {
    let most = highest(&series);
    let legend = series.iter().enumerate().map(|(group, series)| {
        view! {
            <li>
                <svg class="scatter__key" width="14" height="14" aria-hidden="true" focusable="false">
                    <path class=class(group) d=mark(group, 7.0, 7.0, 5.0) />
                </svg>
                {series.name.clone()}
            </li>
        }
    });
    let legend = legend.collect_view();
    let marks = series.iter().enumerate().map(|(group, series)| {
        let marks = series.points.iter().map(|point| {
            let (x, y) = place(*point, most);
            mark(group, x, y, 2.6)
        });
        let outline: String = marks.collect();
        view! { <path class=class(group) d=outline /> }
    });
    let marks = marks.collect_view();
    let (right, base) = (WIDTH - 8.0, HEIGHT - BOTTOM);
    view! {
        <figure class="chart" data-testid="scatter">
            <h3 class="chart__title">{title}</h3>
            <svg class="scatter line" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=caption>
                <path class="line__base scatter__axes" d=format!("M{LEFT} {TOP}V{base}H{right}") />
                {marks}
                {axis_label("start", LEFT, HEIGHT - 8.0, 0)}
                {axis_label("end", right, HEIGHT - 8.0, most[0])}
                {axis_label("end", LEFT - 6.0, TOP + 8.0, most[1])}
            </svg>
            <ul class="scatter__legend">{legend}</ul>
            <figcaption><p>{caption}</p></figcaption>
        </figure>
    }
}

fn axis_label(anchor: &'static str, x: f64, y: f64, value: u32) -> impl IntoView {
    view! {
        <text text-anchor=anchor x=x.to_string() y=y.to_string()>
            {value}
        </text>
    }
}

/// The ends of the axes.
fn highest(series: &[PointSeries]) -> [u32; 2] {
    let mut most = [1, 1];
    for point in series.iter().flat_map(|series| &series.points) {
        most = [most[0].max(point[0]), most[1].max(point[1])];
    }
    most
}

/// Where a point stands in the drawing.
fn place(point: [u32; 2], most: [u32; 2]) -> (f64, f64) {
    let share = |axis: usize| f64::from(point[axis]) / f64::from(most[axis]);
    (
        LEFT + 6.0 + (WIDTH - LEFT - 20.0) * share(0),
        TOP + (HEIGHT - TOP - BOTTOM - 6.0) * (1.0 - share(1)),
    )
}

/// A square, a triangle or a diamond around a point.
fn mark(group: usize, x: f64, y: f64, size: f64) -> String {
    match group % 3 {
        0 => format!(
            "M{:.1} {:.1}h{2:.1}v{2:.1}h-{2:.1}z",
            x - size * 0.8,
            y - size * 0.8,
            size * 1.6
        ),
        1 => format!(
            "M{x:.1} {:.1}l{size:.1} {1:.1}h-{1:.1}z",
            y - size,
            size * 2.0
        ),
        _ => format!(
            "M{x:.1} {:.1}l{size:.1} {size:.1}l-{size:.1} {size:.1}l-{size:.1} -{size:.1}z",
            y - size
        ),
    }
}

fn class(group: usize) -> String {
    format!("scatter__mark scatter__mark--{}", group % 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: Vec<[u32; 2]>) -> PointSeries {
        PointSeries {
            name: "a".to_owned(),
            points,
        }
    }

    #[test]
    fn points_stay_inside_and_larger_ones_stand_further() {
        let all = [series(vec![[10, 700]]), series(vec![[600, 3]])];
        let most = highest(&all);
        assert_eq!(most, [600, 700]);
        let (near, far) = (place([10, 700], most), place([600, 3], most));
        assert!(far.0 > near.0 && near.1 < far.1);
        for (x, y) in [near, far] {
            assert!((LEFT..WIDTH).contains(&x) && (TOP..HEIGHT - BOTTOM).contains(&y));
        }
    }

    #[test]
    fn groups_differ_in_shape() {
        let [square, triangle, diamond] = [0, 1, 2].map(|group| mark(group, 5.0, 5.0, 2.0));
        assert!(square != triangle && triangle != diamond && square != diamond);
    }

    #[test]
    fn no_points_are_no_division_by_zero() {
        let (x, y) = place([0, 0], highest(&[]));
        assert!(x.is_finite() && y.is_finite());
    }
}
