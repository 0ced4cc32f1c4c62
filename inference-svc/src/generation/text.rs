//! Cuts a stream of text at the first stop string, also when it arrives in several pieces: what may
//! still become a stop string is held back until it is decided.

/// What may go out after a piece of text came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filtered {
    /// Text that is safe to show; may be empty.
    pub text: String,
    /// A stop string was reached; nothing more may be shown.
    pub stopped: bool,
}

/// Holds back text that may be the beginning of a stop string.
#[derive(Debug)]
pub struct StopFilter {
    stops: Vec<String>,
    held: String,
}

impl StopFilter {
    /// A filter for these stop strings, none of which is empty.
    #[must_use]
    pub fn new(stops: Vec<String>) -> Self {
        Self {
            stops,
            held: String::new(),
        }
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, text: &str) -> Filtered {
        self.held.push_str(text);
        let first = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min();
        if let Some(position) = first {
            self.held.truncate(position);
            return Filtered {
                text: std::mem::take(&mut self.held),
                stopped: true,
            };
        }
        let kept = self.longest_open_suffix();
        let rest = self.held.split_off(self.held.len() - kept);
        Filtered {
            text: std::mem::replace(&mut self.held, rest),
            stopped: false,
        }
    }

    /// What was still held back when the stream ended: it did not become a stop string.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Length of the longest end of the held text that is the beginning of a stop string.
    fn longest_open_suffix(&self) -> usize {
        self.stops
            .iter()
            .flat_map(|stop| {
                let ends = stop.char_indices().skip(1).map(|(end, _)| end);
                ends.filter(|&end| self.held.ends_with(&stop[..end]))
            })
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes the pieces and returns what a reader saw, and whether a stop string ended it.
    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut filter = StopFilter::new(stops.iter().map(ToString::to_string).collect());
        let mut seen = String::new();
        for piece in pieces {
            let filtered = filter.push(piece);
            seen.push_str(&filtered.text);
            if filtered.stopped {
                return (seen, true);
            }
        }
        seen.push_str(&filter.finish());
        (seen, false)
    }

    #[test]
    fn text_without_stop_strings_passes_at_once() {
        let mut filter = StopFilter::new(vec![]);
        assert_eq!(filter.push("hey").text, "hey");
        assert_eq!(filter.finish(), "");
    }

    #[test]
    fn a_stop_string_split_over_pieces_ends_the_text() {
        assert_eq!(
            run(&["User:"], &["ok U", "s", "er", ": hi"]),
            ("ok ".into(), true)
        );
    }

    #[test]
    fn the_beginning_of_a_stop_string_is_not_lost_when_it_goes_on_differently() {
        assert_eq!(
            run(&["User:"], &["the Us", "eless"]),
            ("the Useless".into(), false)
        );
        assert_eq!(
            run(&["###"], &["a ##", " b #", ""]),
            ("a ## b #".into(), false)
        );
    }

    #[test]
    fn the_earliest_of_several_stop_strings_wins() {
        assert_eq!(run(&["zz", "b"], &["a b zz"]), ("a ".into(), true));
        assert_eq!(run(&["ab", "abc"], &["xabc"]), ("x".into(), true));
    }

    #[test]
    fn overlapping_beginnings_are_found() {
        assert_eq!(run(&["aab"], &["a", "a", "a", "b"]), ("a".into(), true));
    }

    #[test]
    fn stop_strings_of_wide_characters_are_cut_at_character_borders() {
        assert_eq!(run(&["😀!"], &["hi 😀", "?"]), ("hi 😀?".into(), false));
        assert_eq!(run(&["😀!"], &["hi 😀", "!"]), ("hi ".into(), true));
    }
}
