//! Reads the deadline that a caller sends along, so that a text whose time is up is not computed.
//! Format: gRPC over HTTP/2, header `grpc-timeout`.

use std::time::{Duration, Instant};

use tonic::metadata::MetadataMap;

/// How much earlier than the caller's clock the service answers, at most: without it the server
/// library, whose clock started a moment before, ends the call with a status that says nothing.
const MARGIN: Duration = Duration::from_millis(10);

/// The point in time of the header, if there is a well-formed one.
pub(super) fn of_call(metadata: &MetadataMap) -> Option<Instant> {
    let timeout = parse(metadata.get("grpc-timeout")?.to_str().ok()?)?;
    Instant::now().checked_add(timeout - MARGIN.min(timeout / 10))
}

/// At most eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(value * 3600),
        'M' => Duration::from_secs(value * 60),
        'S' => Duration::from_secs(value),
        'm' => Duration::from_millis(value),
        'u' => Duration::from_micros(value),
        'n' => Duration::from_nanos(value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_the_specification_is_read() {
        assert_eq!(parse("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(parse("3M"), Some(Duration::from_secs(180)));
        assert_eq!(parse("4S"), Some(Duration::from_secs(4)));
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("7u"), Some(Duration::from_micros(7)));
        assert_eq!(parse("99999999n"), Some(Duration::from_nanos(99_999_999)));
    }

    #[test]
    fn a_malformed_header_is_no_deadline() {
        for text in ["", "5", "S", "-1S", "123456789S", "1x", "1é"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
