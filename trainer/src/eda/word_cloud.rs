//! A word cloud as SVG: frequent words large in the middle, the others around them on a spiral, none over
//! another. The layout is Wordle's (Feinberg 2010): try places along a spiral until a word fits.

use std::fmt::Write as _;

use anyhow::Result;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// Sizes of letters in pixels.
const SMALLEST: f64 = 12.0;
const LARGEST: f64 = 48.0;
/// Width of an average letter of a sans-serif face, as a share of its size; on the wide side, for the face
/// differs between machines.
const LETTER_WIDTH: f64 = 0.62;
/// Space between words in pixels.
const GAP: f64 = 7.0;
/// Places that are tried for a word.
const TRIES: u32 = 4000;
const COLOURS: [&str; 4] = ["#1f5fa6", "#b3560c", "#3c7a26", "#5a4a8a"];

struct Placed {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Placed {
    fn touches(&self, other: &Self) -> bool {
        self.left < other.left + other.width
            && other.left < self.left + self.width
            && self.top < other.top + other.height
            && other.top < self.top + self.height
    }

    fn is_inside(&self) -> bool {
        self.left >= 0.0
            && self.top >= 0.0
            && self.left + self.width <= WIDTH
            && self.top + self.height <= HEIGHT
    }
}

/// Draws words with their counts, most frequent first. A word that fits nowhere is left out.
pub(super) fn draw(words: &[(String, usize)]) -> Result<String> {
    let most = words.first().map_or(1, |word| word.1).max(1) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let mut placed: Vec<Placed> = Vec::new();
    for (index, (word, count)) in words.iter().enumerate() {
        let size = (LARGEST * (*count as f64 / most).sqrt()).max(SMALLEST);
        let Some(place) = find_place(word, size, &placed) else {
            continue;
        };
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size:.1}\" fill=\"{}\"><title>{count}</title>{word}</text>",
            place.left,
            place.top + 0.82 * size,
            COLOURS[index % COLOURS.len()]
        )?;
        placed.push(place);
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// The first free place on an Archimedean spiral around the middle, flattened to the drawing's shape.
fn find_place(word: &str, size: f64, placed: &[Placed]) -> Option<Placed> {
    let width = word.chars().count() as f64 * size * LETTER_WIDTH + GAP;
    (0..TRIES).find_map(|step| {
        let angle = f64::from(step) * 0.12;
        let radius = angle * 1.6;
        let place = Placed {
            left: WIDTH / 2.0 + radius * angle.cos() - width / 2.0,
            top: HEIGHT / 2.0 + radius * HEIGHT / WIDTH * angle.sin() - size / 2.0,
            width,
            height: size,
        };
        let free = place.is_inside() && !placed.iter().any(|other| other.touches(&place));
        free.then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_lies_over_another_and_the_most_frequent_is_the_largest() {
        let words: Vec<_> = (0..40)
            .map(|n| (format!("word{n}"), 100 / (n + 1)))
            .collect();
        let mut placed = Vec::new();
        for (word, count) in &words {
            let place = find_place(word, (*count as f64).max(SMALLEST), &placed).unwrap();
            assert!(place.is_inside());
            assert!(
                !placed.iter().any(|other: &Placed| other.touches(&place)),
                "{word}"
            );
            placed.push(place);
        }
        let svg = draw(&words).unwrap();
        assert_eq!(svg.matches("<text").count(), 40);
        assert!(svg.contains("font-size=\"48.0\""));
    }

    #[test]
    fn no_words_give_an_empty_drawing() {
        assert!(!draw(&[]).unwrap().contains("<text"));
    }
}
