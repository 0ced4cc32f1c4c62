//! The start of a trace. In: the browser's random bytes. Out: a `traceparent` header, so that one
//! trace leads from the request of the page through every service. It names no person and is new
//! for every request.

use std::fmt::Write as _;

/// <https://www.w3.org/TR/trace-context/#traceparent-header>
pub(super) const TRACEPARENT: &str = "traceparent";
const TRACE_ID_BYTES: usize = 16;
const SPAN_ID_BYTES: usize = 8;
const BYTES: usize = TRACE_ID_BYTES + SPAN_ID_BYTES;

/// A header for one request. None in a browser without a source of randomness.
pub(super) fn new_traceparent() -> Option<String> {
    let mut random = [0; BYTES];
    let crypto = web_sys::window()?.crypto().ok()?;
    crypto.get_random_values_with_u8_array(&mut random).ok()?;
    traceparent(&random)
}

/// Version 00, trace id, span id, and the flag "sampled". None for ids that the standard forbids.
fn traceparent(random: &[u8; BYTES]) -> Option<String> {
    let (trace_id, span_id) = random.split_at(TRACE_ID_BYTES);
    if [trace_id, span_id]
        .iter()
        .any(|id| id.iter().all(|byte| *byte == 0))
    {
        return None;
    }
    Some(format!("00-{}-{}-01", hex(trace_id), hex(span_id)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_the_form_of_the_standard() {
        let random = std::array::from_fn(|index| u8::try_from(index).unwrap());
        assert_eq!(
            traceparent(&random).as_deref(),
            Some("00-000102030405060708090a0b0c0d0e0f-1011121314151617-01")
        );
    }

    #[test]
    fn forbidden_ids_give_no_header() {
        assert_eq!(traceparent(&[0; BYTES]), None);
        let mut random = [0; BYTES];
        random[0] = 1;
        assert_eq!(traceparent(&random), None);
    }
}
