//! Near-duplicates by MinHash (Broder 1997) with banding (Leskovec et al., Mining of Massive Datasets,
//! chapter 3): texts that share most of their three-word runs land in one group. Memory is about two kilobytes
//! a text, whatever its length.

use std::collections::HashMap;

/// Hash functions of a signature.
const HASHES: usize = 64;
/// Rows of a band: texts that agree in a whole band are compared. With 16 bands of 4 a pair with similarity
/// 0.5 is compared with a probability of 0.64, one with 0.7 of 0.99.
const ROWS: usize = 4;
/// Words of a run.
const RUN: usize = 3;

/// What is kept of a text.
type Signature = [u32; HASHES];

/// Groups texts that are nearly the same.
pub struct NearDuplicates {
    threshold: f64,
    signatures: Vec<Signature>,
    bands: HashMap<(u8, u64), Vec<u32>>,
    parents: Vec<u32>,
}

impl NearDuplicates {
    /// Texts whose estimated Jaccard similarity is at least `threshold` become one group.
    #[must_use]
    pub fn new(threshold: f64) -> Self {
        Self {
            threshold,
            signatures: Vec::new(),
            bands: HashMap::new(),
            parents: Vec::new(),
        }
    }

    /// Adds a text; says the smallest number of its group so far, its own when it is like no other.
    pub fn add(&mut self, text: &str) -> usize {
        let signature = signature(text);
        let number = self.signatures.len();
        self.parents.push(narrow(number));
        for (band, rows) in (0_u8..).zip(signature.chunks_exact(ROWS)) {
            let key = (
                band,
                rows.iter().fold(0, |key, row| mix(key ^ u64::from(*row))),
            );
            let others = self.bands.entry(key).or_default();
            let alike: Vec<u32> = others
                .iter()
                .copied()
                .filter(|other| {
                    similarity(&self.signatures[*other as usize], &signature) >= self.threshold
                })
                .collect();
            // One of each group is enough to find it again.
            if alike.is_empty() {
                others.push(narrow(number));
            }
            for other in alike {
                self.join(number, other as usize);
            }
        }
        self.signatures.push(signature);
        self.group(number)
    }

    /// The smallest number of a text's group.
    #[must_use]
    pub fn group(&self, mut number: usize) -> usize {
        while self.parents[number] as usize != number {
            number = self.parents[number] as usize;
        }
        number
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.group(one), self.group(other));
        self.parents[one.max(other)] = narrow(one.min(other));
    }
}

/// Four thousand million texts are beyond what is held in memory anyway.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn similarity(one: &Signature, other: &Signature) -> f64 {
    let same = one.iter().zip(other).filter(|(a, b)| a == b).count();
    same as f64 / HASHES as f64
}

fn signature(text: &str) -> Signature {
    let words: Vec<u64> = text.split_whitespace().map(hash_word).collect();
    let mut signature = [u32::MAX; HASHES];
    // A text shorter than a run is one run.
    for run in words.windows(RUN.min(words.len()).max(1)) {
        let hash = run.iter().fold(0, |hash, word| mix(hash ^ word));
        for (index, smallest) in (0_u64..).zip(&mut signature) {
            let value = mix(hash ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 32;
            *smallest = (*smallest).min(u32::try_from(value).unwrap_or(u32::MAX));
        }
    }
    signature
}

/// FNV-1a.
fn hash_word(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finaliser of SplitMix64 (Steele et al. 2014).
fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_in_a_word_are_grouped_and_others_are_not() {
        let long = "they made a group about me and post my pictures every evening and nobody in my class says a \
                    single word against it which is the worst part of all";
        let mut near = NearDuplicates::new(0.6);
        assert_eq!(near.add(long), 0);
        assert_eq!(
            near.add("i cannot stop scrolling at night and my marks are going down"),
            1
        );
        assert_eq!(near.add(&long.replace("evening", "night")), 0);
        assert_eq!(near.add("hi"), 3);
        assert_eq!(near.add("hi"), 3);
        assert_eq!(near.add("hello you"), 5);
        assert_eq!(near.add(""), 6);
        assert_eq!(near.group(2), 0);
    }

    #[test]
    fn the_estimate_is_close_to_the_share_of_common_runs() {
        let words: Vec<String> = (0..400).map(|n| format!("w{n}")).collect();
        let one = words[..300].join(" ");
        let other = words[100..].join(" ");
        // 298 runs each, 198 of them in both: 198 / 398.
        let found = similarity(&signature(&one), &signature(&other));
        assert!((found - 0.5).abs() < 0.2, "{found}");
    }
}
