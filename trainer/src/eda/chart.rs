//! The charts of the analysis as SVG: a scatter plot and horizontal bars.

use std::collections::BTreeMap;

use anyhow::Result;
use plotters::prelude::*;

use super::analysis::Point;

/// Colours of the themes, in alphabetical order; they differ in lightness as well.
const COLOURS: [RGBColor; 3] = [
    RGBColor(31, 95, 166),
    RGBColor(217, 110, 20),
    RGBColor(90, 158, 60),
];
const WIDTH: u32 = 720;
const HEIGHT: u32 = 420;
/// Height of one bar with its gap.
const BAR: u32 = 28;
/// Room for the names beside the bars.
const NAMES: u32 = 230;

/// Points of each theme in one plot.
pub(super) fn scatter(
    series: &BTreeMap<&'static str, Vec<Point>>,
    x: &str,
    y: &str,
) -> Result<String> {
    let points = || series.values().flatten();
    let right = points().map(|point| point.0).max().unwrap_or(1).max(1);
    let top = points().map(|point| point.1).max().unwrap_or(1).max(1);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(0..right, 0..top)?;
        chart
            .configure_mesh()
            .x_desc(format!("{x}, characters"))
            .y_desc(format!("{y}, characters"))
            .light_line_style(WHITE)
            .draw()?;
        for ((name, points), colour) in series.iter().zip(COLOURS) {
            let dots = points
                .iter()
                .map(|point| Circle::new(*point, 3, colour.mix(0.55).filled()));
            chart
                .draw_series(dots)?
                .label(*name)
                .legend(move |(x, y)| Circle::new((x + 8, y), 5, colour.filled()));
        }
        chart
            .configure_series_labels()
            .background_style(WHITE.mix(0.85))
            .border_style(WHITE)
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

/// One bar for each name, the first on top, each with its value.
pub(super) fn bars(rows: &[(String, f64)]) -> Result<String> {
    let most = rows.iter().map(|row| row.1).fold(1.0, f64::max);
    let count = u32::try_from(rows.len())?.max(1);
    let height = BAR * count + 16;
    let room = f64::from(WIDTH - NAMES - 80);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let text = |anchor| {
            use plotters::style::text_anchor::{Pos, VPos};
            ("sans-serif", 15)
                .into_text_style(&area)
                .pos(Pos::new(anchor, VPos::Center))
        };
        let left = i32::try_from(NAMES)?;
        for (index, (name, value)) in rows.iter().enumerate() {
            let top = i32::try_from(8 + BAR * u32::try_from(index)?)?;
            let middle = top + i32::try_from(BAR / 2)?;
            let end = left + (room * value / most).round() as i32;
            let bar = [(left, top + 3), (end, top + i32::try_from(BAR)? - 3)];
            area.draw(&Rectangle::new(bar, COLOURS[0].filled()))?;
            use plotters::style::text_anchor::HPos;
            area.draw(&Text::new(
                name.as_str(),
                (left - 8, middle),
                text(HPos::Right),
            ))?;
            area.draw(&Text::new(
                number(*value),
                (end + 8, middle),
                text(HPos::Left),
            ))?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// Whole numbers without a point, others with one digit behind it.
pub(super) fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_names_and_values_and_the_longest_is_the_largest() {
        let svg = bars(&[("mild <3".to_owned(), 10.0), ("severe".to_owned(), 2.5)]).unwrap();
        for word in ["mild &lt;3", ">\n10\n<", "severe", "2.5"] {
            assert!(svg.contains(word), "{word}: {svg}");
        }
        let widths: Vec<u32> = svg
            .split("<rect ")
            .skip(2)
            .filter_map(|rect| {
                rect.split("width=\"")
                    .nth(1)?
                    .split('"')
                    .next()?
                    .parse()
                    .ok()
            })
            .collect();
        assert_eq!(widths.len(), 2);
        assert!(widths[0] > 3 * widths[1]);
    }

    #[test]
    fn every_point_is_a_dot_and_themes_have_a_legend() {
        let series = BTreeMap::from([
            ("a theme", vec![(1, 2), (30, 40)]),
            ("b theme", vec![(5, 5)]),
        ]);
        let svg = scatter(&series, "prompt", "rejected").unwrap();
        assert_eq!(svg.matches("<circle").count(), 3 + 2);
        assert!(svg.contains("a theme") && svg.contains("b theme"));
    }
}
