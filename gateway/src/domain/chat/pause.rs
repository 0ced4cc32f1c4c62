//! When to offer a break: after three hours of talking (California SB 243 asks for it for minors; here for everybody).
//! Comes in: when the messages were written; goes out: whether this answer carries the hint.

use std::time::Duration;

/// Between two hints.
const HINT_EVERY: Duration = Duration::from_secs(3 * 60 * 60);
/// A silence that ends a visit.
const VISIT_GAP: Duration = Duration::from_secs(30 * 60);

/// Whether a message at `now_ms` is the first after another three hours without a break. `earlier_ms` are the times of
/// the messages before it, oldest first, in milliseconds since the Unix epoch.
pub(super) fn is_due(earlier_ms: &[i64], now_ms: i64) -> bool {
    let mut begun = now_ms;
    for at in earlier_ms.iter().rev() {
        if begun.saturating_sub(*at) > milliseconds(VISIT_GAP) {
            break;
        }
        begun = begun.min(*at);
    }
    let Some(last) = earlier_ms.last().filter(|last| **last >= begun) else {
        return false;
    };
    let hints = |at: i64| at.saturating_sub(begun) / milliseconds(HINT_EVERY);
    hints(now_ms) > hints(*last)
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn every(minutes: i64, until: i64) -> Vec<i64> {
        (0..=until / minutes)
            .map(|step| step * minutes * MINUTE)
            .collect()
    }

    #[test]
    fn the_hint_comes_once_every_three_hours_of_one_visit() {
        let due = |until: i64, now: i64| is_due(&every(20, until), now * MINUTE);
        assert!(!due(160, 179));
        assert!(due(160, 180));
        assert!(!due(180, 190), "once");
        assert!(due(340, 361), "again after three more hours");
    }

    #[test]
    fn a_pause_starts_a_new_visit() {
        let mut times = every(20, 160);
        times.push(200 * MINUTE);
        assert!(!is_due(&times, 210 * MINUTE));
        assert!(!is_due(&[], 0));
        assert!(!is_due(&[500 * MINUTE], 0), "the clock went backwards");
    }
}
