//! Which row goes into which part. Rows with nearly the same prompt stay together, so that no part can be
//! passed by having seen another; each theme and severity has its share of the validation part.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

/// Theme and severity.
pub type Stratum = (&'static str, &'static str);

/// Where a row goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Learned from.
    Train,
    /// Looked at while learning.
    Validation,
    /// Looked at in the end.
    Test,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name of its files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The part of each row, given its group, its stratum and whether its file is held out. A group with a
/// row of a held-out file is held out as a whole.
#[must_use]
pub fn assign(rows: &[(usize, Stratum, bool)], validation: f64, seed: u64) -> Vec<Part> {
    let held_out: BTreeSet<usize> = rows
        .iter()
        .filter(|(_, _, is_test)| *is_test)
        .map(|(group, _, _)| *group)
        .collect();
    let mut wanted: BTreeMap<Stratum, f64> = BTreeMap::new();
    let mut groups: BTreeMap<usize, Vec<Stratum>> = BTreeMap::new();
    for (group, stratum, _) in rows {
        if !held_out.contains(group) {
            *wanted.entry(*stratum).or_default() += validation;
            groups.entry(*group).or_default().push(*stratum);
        }
    }
    let mut order: Vec<usize> = groups.keys().copied().collect();
    order.shuffle(&mut StdRng::seed_from_u64(seed));
    let mut chosen = BTreeSet::new();
    for group in order {
        let strata = &groups[&group];
        // Half a row of overshoot is the rounding that keeps the shares right.
        if strata.iter().all(|stratum| wanted[stratum] >= 0.5) {
            for stratum in strata {
                *wanted.entry(*stratum).or_default() -= 1.0;
            }
            chosen.insert(group);
        }
    }
    rows.iter()
        .map(|(group, _, _)| {
            if held_out.contains(group) {
                Part::Test
            } else if chosen.contains(group) {
                Part::Validation
            } else {
                Part::Train
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stratum_has_its_share_and_groups_stay_together() {
        let strata = [("cyberbullying", "mild"), ("social isolation", "severe")];
        let rows: Vec<_> = (0..200)
            .map(|n| (n / 2, strata[(n / 2) % 2], n >= 180))
            .collect();
        let parts = assign(&rows, 0.1, 3);
        for (pair, rows) in parts.chunks(2).zip(rows.chunks(2)) {
            assert_eq!(pair[0], pair[1], "{rows:?}");
        }
        assert!(parts[180..].iter().all(|part| *part == Part::Test));
        for stratum in strata {
            let of_stratum = rows.iter().zip(&parts);
            let count = of_stratum
                .filter(|(row, part)| row.1 == stratum && **part == Part::Validation)
                .count();
            assert!((8..=10).contains(&count), "{count}");
        }
        assert_eq!(parts, assign(&rows, 0.1, 3));
        assert_ne!(parts, assign(&rows, 0.1, 4));
    }

    #[test]
    fn a_near_duplicate_of_a_test_row_is_held_out_too() {
        let stratum = ("cyberbullying", "mild");
        let rows = [(0, stratum, false), (0, stratum, true), (2, stratum, false)];
        assert_eq!(assign(&rows, 0.0, 1), [Part::Test, Part::Test, Part::Train]);
    }
}
