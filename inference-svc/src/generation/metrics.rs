//! The names of what is measured, in one place. Durations are seconds.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

/// Sequences that hold a place in the engine.
pub fn running(count: usize) {
    gauge!("inference_running_sequences").set(as_f64(count));
}

/// Requests that wait for a sequence.
pub fn waiting(count: usize) {
    gauge!("inference_waiting_requests").set(as_f64(count));
}

/// A request that found no place.
pub fn rejected() {
    counter!("inference_rejected_total").increment(1);
}

/// Time from admission to the first token.
pub fn first_token(after: Duration) {
    histogram!("gen_ai_server_time_to_first_token_seconds").record(after);
}

/// One gap between two tokens.
pub fn token_gap(gap: Duration) {
    histogram!("gen_ai_server_time_per_output_token_seconds").record(gap);
}

/// The end of a request: how, and how long after it arrived.
pub fn ended(reason: &'static str, after: Duration, prompt_tokens: u32, completion_tokens: u32) {
    counter!("inference_requests_total", "reason" => reason).increment(1);
    counter!("inference_prompt_tokens_total").increment(u64::from(prompt_tokens));
    counter!("inference_completion_tokens_total").increment(u64::from(completion_tokens));
    histogram!("gen_ai_server_request_duration_seconds").record(after);
}

/// The engine thread died and was started again.
pub fn engine_restarted() {
    counter!("inference_engine_restarts_total").increment(1);
}

/// The prefix cache was emptied to bound its memory.
pub fn prefix_cache_emptied() {
    counter!("inference_prefix_cache_resets_total").increment(1);
}

/// Counts of this service are far below 2^32, where a float is exact.
fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
