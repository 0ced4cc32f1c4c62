//! The report of a run: its curves as SVG files and one HTML page that holds them.

use std::{collections::BTreeMap, fmt::Write as _, io::Write as _, path::Path, time::Duration};

use anyhow::{Context, Result};
use plotters::prelude::*;

use super::{
    log::{self, LogLine},
    run::{Objective, Run},
};
use crate::{files, language_model::Adapter};

/// Size of a curve in pixels.
const SIZE: (u32, u32) = (640, 320);

/// Says on standard error what is about to happen.
pub fn announce<O: Objective>(what: &str, run: &Run<'_, O>, adapter: &Adapter) {
    let mut out = std::io::stderr().lock();
    // A closed terminal is no reason to stop training.
    let _ = writeln!(
        out,
        "{what}: {} examples, {} epochs, {} updates of {}; {} trainable numbers; Ctrl-C keeps a checkpoint",
        run.objective.examples(),
        run.epochs,
        run.steps(),
        run.settings.accumulate,
        adapter.parameters()
    );
}

/// Points (step, value) of the training and of the validation part.
type Curves = BTreeMap<String, BTreeMap<String, Vec<(f64, f64)>>>;

/// Writes curves and report.html into the folder of a run.
///
/// # Errors
/// The log cannot be read or the disk refuses.
pub fn write(title: &str, run: &Path, elapsed: Duration) -> Result<()> {
    let lines = log::read(&run.join(log::LOG))?;
    let mut curves = Curves::new();
    for line in &lines {
        for (name, value) in &line.figures {
            let parts = curves.entry(name.clone()).or_default();
            let points = parts.entry(line.part.clone()).or_default();
            points.push((line.step as f64, *value));
        }
    }
    let mut page = format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title>\n<style>body{{font-family:sans-serif;\
         max-width:84rem;margin:auto;padding:1rem}}img{{max-width:100%}}</style>\n<h1>{title}</h1>\n\
         <p>{} lines of log; this start took {:.0} s. Blue: training. Orange: validation.</p>\n{}",
        lines.len(),
        elapsed.as_secs_f64(),
        last_figures(&lines)
    );
    for (name, parts) in &curves {
        let file = format!("{}.svg", name.replace('/', "-"));
        let svg = curve(name, parts).with_context(|| format!("cannot draw {name}"))?;
        files::write_atomically(&run.join(&file), |out| Ok(out.write_all(svg.as_bytes())?))?;
        writeln!(page, "<img src=\"{file}\" alt=\"{name} by update\">")?;
    }
    files::write_atomically(&run.join("report.html"), |out| {
        Ok(out.write_all(page.as_bytes())?)
    })
}

/// The last line of each part as a table.
fn last_figures(lines: &[LogLine]) -> String {
    let mut table = String::from("<table><tr><th>part<th>step<th>figure<th>value</tr>");
    for part in ["train", "validation"] {
        let Some(line) = lines.iter().rev().find(|line| line.part == part) else {
            continue;
        };
        for (name, value) in &line.figures {
            table += &format!(
                "<tr><td>{part}<td>{}<td>{name}<td>{value:.4}</tr>",
                line.step
            );
        }
    }
    table + "</table>\n"
}

fn curve(name: &str, parts: &BTreeMap<String, Vec<(f64, f64)>>) -> Result<String> {
    let points = || parts.values().flatten();
    let last = points().map(|point| point.0).fold(1.0, f64::max);
    let low = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = points()
        .map(|point| point.1)
        .fold(f64::NEG_INFINITY, f64::max);
    let room = ((high - low) * 0.05).max(1e-6);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(name, ("sans-serif", 18))
            .margin(8)
            .x_label_area_size(30)
            .y_label_area_size(60)
            .build_cartesian_2d(0.0..last, low - room..high + room)?;
        chart
            .configure_mesh()
            .x_desc("update")
            .light_line_style(WHITE)
            .draw()?;
        for (part, points) in parts {
            let colour = match part.as_str() {
                "train" => RGBColor(31, 95, 166),
                _ => RGBColor(217, 110, 20),
            };
            chart.draw_series(LineSeries::new(
                points.iter().copied(),
                colour.stroke_width(2),
            ))?;
        }
        area.present()?;
    }
    Ok(svg)
}
