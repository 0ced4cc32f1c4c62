//! Sampling settings: what a caller may ask for, the defaults, and the ranges.

use super::GenerationError;

/// Most stop strings of one request.
pub const MAX_STOP_STRINGS: usize = 8;
/// Longest stop string in bytes; that much text is held back while it may still match.
pub const MAX_STOP_BYTES: usize = 128;

/// What a caller asked for; `None` takes the default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SamplingRequest {
    /// 0 means greedy; at most 2.
    pub temperature: Option<f32>,
    /// Nucleus mass in (0, 1].
    pub top_p: Option<f32>,
    /// Candidates kept, at least 1.
    pub top_k: Option<u32>,
    /// Minimum probability relative to the most likely token, in [0, 1].
    pub min_p: Option<f32>,
    /// Multiplicative penalty in (0, 2]; 1 means none.
    pub repetition_penalty: Option<f32>,
    /// Additive penalty per occurrence in [-2, 2]; 0 means none.
    pub frequency_penalty: Option<f32>,
    /// Most tokens to generate, at least 1.
    pub max_tokens: Option<u32>,
    /// Strings before which the reply ends.
    pub stop: Vec<String>,
    /// Only together with temperature 0.
    pub seed: Option<u64>,
}

/// Settings that the engine can use, every value in its range.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// 0 means greedy.
    pub temperature: f32,
    /// Nucleus mass.
    pub top_p: f32,
    /// Candidates kept.
    pub top_k: Option<u32>,
    /// Minimum relative probability; 0 means none.
    pub min_p: f32,
    /// Multiplicative penalty; 1 means none.
    pub repetition_penalty: f32,
    /// Additive penalty per occurrence; 0 means none.
    pub frequency_penalty: f32,
    /// Most tokens to generate.
    pub max_tokens: u32,
    /// Strings before which the reply ends.
    pub stop: Vec<String>,
}

impl Default for Sampling {
    /// Chosen for a small chat model: some variety, little looping.
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_p: 0.9,
            top_k: None,
            min_p: 0.0,
            repetition_penalty: 1.1,
            frequency_penalty: 0.0,
            max_tokens: 256,
            stop: Vec::new(),
        }
    }
}

impl SamplingRequest {
    /// Checks every range and fills in the defaults.
    ///
    /// # Errors
    /// [`GenerationError::Invalid`] with the field; not-a-number is outside every range.
    pub fn validate(self) -> Result<Sampling, GenerationError> {
        let default = Sampling::default();
        let temperature = self.temperature.unwrap_or(default.temperature);
        require(
            (0.0..=2.0).contains(&temperature),
            "sampling.temperature",
            "must be between 0 and 2",
        )?;
        let top_p = self.top_p.unwrap_or(default.top_p);
        require(
            top_p > 0.0 && top_p <= 1.0,
            "sampling.top_p",
            "must be above 0 and at most 1",
        )?;
        require(self.top_k != Some(0), "sampling.top_k", "must be at least 1")?;
        let min_p = self.min_p.unwrap_or(default.min_p);
        require(
            (0.0..=1.0).contains(&min_p),
            "sampling.min_p",
            "must be between 0 and 1",
        )?;
        let repetition_penalty = self.repetition_penalty.unwrap_or(default.repetition_penalty);
        require(
            repetition_penalty > 0.0 && repetition_penalty <= 2.0,
            "sampling.repetition_penalty",
            "must be above 0 and at most 2",
        )?;
        let frequency_penalty = self.frequency_penalty.unwrap_or(default.frequency_penalty);
        require(
            (-2.0..=2.0).contains(&frequency_penalty),
            "sampling.frequency_penalty",
            "must be between -2 and 2",
        )?;
        let max_tokens = self.max_tokens.unwrap_or(default.max_tokens);
        require(max_tokens >= 1, "sampling.max_tokens", "must be at least 1")?;
        validate_stop(&self.stop)?;
        // The engine has one random generator for everybody, so a seed cannot be honoured while
        // tokens are drawn; without drawing the reply is the same for every seed.
        require(
            self.seed.is_none() || temperature == 0.0,
            "sampling.seed",
            "is only honoured together with temperature 0",
        )?;
        Ok(Sampling {
            temperature,
            top_p,
            top_k: self.top_k,
            min_p,
            repetition_penalty,
            frequency_penalty,
            max_tokens,
            stop: self.stop,
        })
    }
}

fn validate_stop(stop: &[String]) -> Result<(), GenerationError> {
    require(
        stop.len() <= MAX_STOP_STRINGS,
        "sampling.stop",
        "may hold at most 8 strings",
    )?;
    require(
        stop.iter().all(|text| !text.is_empty()),
        "sampling.stop",
        "must not hold an empty string",
    )?;
    require(
        stop.iter().all(|text| text.len() <= MAX_STOP_BYTES),
        "sampling.stop",
        "may hold strings of at most 128 bytes",
    )
}

fn require(
    holds: bool,
    field: &'static str,
    reason: &'static str,
) -> Result<(), GenerationError> {
    if holds {
        Ok(())
    } else {
        Err(GenerationError::Invalid { field, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of(request: SamplingRequest) -> &'static str {
        match request.validate() {
            Err(GenerationError::Invalid { field, .. }) => field,
            other => panic!("expected an invalid field, got {other:?}"),
        }
    }

    #[test]
    fn nothing_set_takes_the_defaults() {
        assert_eq!(SamplingRequest::default().validate(), Ok(Sampling::default()));
    }

    #[test]
    fn values_outside_their_range_name_their_field() {
        let nan = Some(f32::NAN);
        let cases = [
            (SamplingRequest { temperature: nan, ..Default::default() }, "sampling.temperature"),
            (SamplingRequest { temperature: Some(2.1), ..Default::default() }, "sampling.temperature"),
            (SamplingRequest { temperature: Some(-0.1), ..Default::default() }, "sampling.temperature"),
            (SamplingRequest { top_p: Some(0.0), ..Default::default() }, "sampling.top_p"),
            (SamplingRequest { top_p: nan, ..Default::default() }, "sampling.top_p"),
            (SamplingRequest { top_k: Some(0), ..Default::default() }, "sampling.top_k"),
            (SamplingRequest { min_p: Some(1.5), ..Default::default() }, "sampling.min_p"),
            (SamplingRequest { min_p: nan, ..Default::default() }, "sampling.min_p"),
            (SamplingRequest { repetition_penalty: Some(0.0), ..Default::default() }, "sampling.repetition_penalty"),
            (SamplingRequest { repetition_penalty: nan, ..Default::default() }, "sampling.repetition_penalty"),
            (SamplingRequest { frequency_penalty: Some(f32::INFINITY), ..Default::default() }, "sampling.frequency_penalty"),
            (SamplingRequest { max_tokens: Some(0), ..Default::default() }, "sampling.max_tokens"),
            (SamplingRequest { stop: vec![String::new()], ..Default::default() }, "sampling.stop"),
            (SamplingRequest { stop: vec!["x".into(); 9], ..Default::default() }, "sampling.stop"),
            (SamplingRequest { stop: vec!["x".repeat(129)], ..Default::default() }, "sampling.stop"),
            (SamplingRequest { seed: Some(1), ..Default::default() }, "sampling.seed"),
        ];
        for (request, field) in cases {
            assert_eq!(field_of(request), field);
        }
    }

    #[test]
    fn a_seed_is_honoured_together_with_greedy_decoding() {
        let request = SamplingRequest {
            seed: Some(7),
            temperature: Some(0.0),
            ..Default::default()
        };
        assert!(request.validate().is_ok());
    }
}
