//! Splits cases into parts of equal size in which each class has its share.

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

/// The part (0 to `folds` - 1) of each case, given the cases' classes. Within a class the parts are
/// dealt out in turn after shuffling, so their sizes differ by one at most.
#[must_use]
pub fn stratified(classes: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let mut random = StdRng::seed_from_u64(seed);
    let count = classes.iter().max().map_or(0, |max| max + 1);
    let mut parts = vec![0; classes.len()];
    // Dealing goes on where the class before stopped, so that small classes do not all begin at 0.
    let mut next = 0;
    for class in 0..count {
        let of_class = classes.iter().enumerate().filter(|(_, c)| **c == class);
        let mut members: Vec<usize> = of_class.map(|(index, _)| index).collect();
        members.shuffle(&mut random);
        for member in members {
            parts[member] = next % folds;
            next += 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_its_share_of_each_class() {
        let classes: Vec<usize> = (0..100).map(|i| usize::from(i % 10 == 0)).collect();
        let parts = stratified(&classes, 5, 1);
        for part in 0..5 {
            let rare = parts.iter().zip(&classes);
            let rare = rare.filter(|(p, c)| **p == part && **c == 1).count();
            assert_eq!(rare, 2);
            assert_eq!(parts.iter().filter(|p| **p == part).count(), 20);
        }
    }

    #[test]
    fn the_seed_decides() {
        let classes = vec![0; 50];
        assert_eq!(stratified(&classes, 5, 3), stratified(&classes, 5, 3));
        assert_ne!(stratified(&classes, 5, 3), stratified(&classes, 5, 4));
    }
}
