//! Where each text of a packed batch starts and ends.

use std::ops::Range;

/// The token rows of each text, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    ranges: Vec<Range<usize>>,
}

impl Packed {
    pub(crate) fn new(lengths: impl Iterator<Item = usize>) -> Self {
        let mut start = 0;
        let ranges = lengths
            .map(|length| {
                let range = start..start + length;
                start = range.end;
                range
            })
            .collect();
        Self { ranges }
    }

    /// One range of rows for each text.
    pub(crate) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// All rows.
    pub(crate) fn rows(&self) -> usize {
        self.ranges.last().map_or(0, |range| range.end)
    }
}
