//! The report: one HTML page that needs nothing but the figures beside it.

use std::fmt::Write as _;

use super::analysis::Analysis;

/// A drawing with its file name and what it shows.
pub(super) struct Figure {
    pub(super) file: String,
    pub(super) title: String,
    pub(super) svg: String,
}

impl Figure {
    pub(super) fn new(name: &str, title: &str, svg: String) -> Self {
        Self {
            file: format!("{name}.svg"),
            title: title.to_owned(),
            svg,
        }
    }
}

const HEAD: &str = "<!doctype html>
<html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">
<title>The training data</title>
<style>
body { font-family: sans-serif; line-height: 1.5; max-width: 100rem; margin: auto; padding: 1rem }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)) }
figure { margin: 0; border: 1px solid #ccc; border-radius: .5rem; padding: .75rem; background: white; color: black }
img { width: 100%; height: auto }
</style>
<h1>The training data</h1>
";

/// The page.
pub(super) fn render(analysis: &Analysis, figures: &[Figure]) -> String {
    let parts: Vec<String> = analysis
        .parts
        .iter()
        .map(|(part, rows)| format!("{rows} {part}"))
        .collect();
    let mut page = format!(
        "{HEAD}<p>{} preference pairs: {}. A pair is what a young person may write, a better reply and a worse one. \
         Words are counted without case, punctuation and very common words.</p>\n<main>\n",
        analysis.rows,
        parts.join(", ")
    );
    for Figure { file, title, .. } in figures {
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "<figure><figcaption>{title}</figcaption><img src=\"{file}\" alt=\"{title}\" loading=lazy></figure>"
        );
    }
    page + "</main>\n</html>\n"
}
