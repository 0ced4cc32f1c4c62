//! The comparison as one HTML page: figures on top, then every prompt with the answers side by side.

use std::fmt::Write as _;

use super::{Contestant, Figures};

const HEAD: &str = "<!doctype html>
<html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">
<title>Answers side by side</title>
<style>
body { font-family: sans-serif; line-height: 1.5; max-width: 100rem; margin: auto; padding: 1rem }
table { border-collapse: collapse } td, th { padding: .2rem .8rem; text-align: left; border-bottom: 1px solid #ccc }
section { border-top: 2px solid #888; margin-top: 1.5rem }
.answers { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)) }
.answer { border: 1px solid #ccc; border-radius: .5rem; padding: .75rem }
.missed { color: #9a5a00 } .gate { color: #b00020; font-weight: bold }
</style>
<h1>Answers side by side</h1>
";

/// The page.
pub(super) fn render(contestants: &[Contestant], figures: &[Figures]) -> String {
    let mut page = String::from(HEAD);
    // Writing to a String cannot fail.
    let _ = summary(&mut page, contestants, figures);
    let prompts = contestants.first().map_or(0, |first| first.answers.len());
    for index in 0..prompts {
        let _ = prompt(&mut page, contestants, index);
    }
    page + "</html>\n"
}

fn summary(page: &mut String, contestants: &[Contestant], figures: &[Figures]) -> std::fmt::Result {
    writeln!(
        page,
        "<table><tr><th>model<th>score<th>wins<th>ties<th>gate failures<th>words</tr>"
    )?;
    for (contestant, figures) in contestants.iter().zip(figures) {
        writeln!(
            page,
            "<tr><td>{}<td>{:.3}<td>{:.0}%<td>{:.0}%<td>{}<td>{:.0}</tr>",
            escaped(&contestant.name),
            figures.score,
            figures.wins * 100.0,
            figures.ties * 100.0,
            figures.gate_failures,
            figures.mean_words
        )?;
    }
    writeln!(
        page,
        "</table>\n<h2>Share of answers that keep each rule</h2>\n<table><tr><th>rule"
    )?;
    for contestant in contestants {
        write!(page, "<th>{}", escaped(&contestant.name))?;
    }
    for rule in figures
        .first()
        .into_iter()
        .flat_map(|figures| figures.rules.keys())
    {
        write!(page, "</tr>\n<tr><td>{}", escaped(rule))?;
        for figures in figures {
            write!(
                page,
                "<td>{:.0}%",
                figures.rules.get(rule).copied().unwrap_or_default() * 100.0
            )?;
        }
    }
    writeln!(page, "</tr></table>")
}

fn prompt(page: &mut String, contestants: &[Contestant], index: usize) -> std::fmt::Result {
    let Some(asked) = contestants
        .first()
        .and_then(|first| first.answers.get(index))
    else {
        return Ok(());
    };
    writeln!(
        page,
        "<section><h2>{}</h2>\n<p>{}</p>\n<div class=answers>",
        escaped(&asked.id),
        escaped(&asked.prompt)
    )?;
    for contestant in contestants {
        let (Some(answer), Some(score)) =
            (contestant.answers.get(index), contestant.scores.get(index))
        else {
            continue;
        };
        let missed: Vec<&str> = score
            .points
            .iter()
            .filter(|verdict| !verdict.kept)
            .map(|verdict| verdict.rule.as_str())
            .collect();
        writeln!(
            page,
            "<div class=answer><h3>{}: {}</h3><p>{}</p><p class=missed>{}</p><p class=gate>{}</p></div>",
            escaped(&contestant.name),
            score.total(),
            escaped(&answer.answer),
            escaped(&missed.join(", ")),
            escaped(&score.broken_gates.join(", "))
        )?;
    }
    writeln!(page, "</div></section>")
}

/// Answers are text and never markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\n', "<br>")
}
