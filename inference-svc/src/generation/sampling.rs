//! Sampling settings: what a caller may ask for, the defaults, and the ranges.

use std::collections::HashSet;

use super::GenerationError;

/// Most stop strings of one request.
pub const MAX_STOP_STRINGS: usize = 8;
/// Longest stop string in bytes; that much text is held back while it may still match.
pub const MAX_STOP_BYTES: usize = 128;

/// Most texts of a choice.
pub const MAX_CHOICES: usize = 64;
/// Longest text of a choice in bytes.
pub const MAX_CHOICE_BYTES: usize = 128;

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
    /// Texts of which the reply must be one; empty leaves it free.
    pub choice: Vec<String>,
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
    /// Texts of which the reply is one; empty leaves it free.
    pub choice: Vec<String>,
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
            choice: Vec::new(),
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
        require(
            self.top_k != Some(0),
            "sampling.top_k",
            "must be at least 1",
        )?;
        let min_p = self.min_p.unwrap_or(default.min_p);
        require(
            (0.0..=1.0).contains(&min_p),
            "sampling.min_p",
            "must be between 0 and 1",
        )?;
        let repetition_penalty = self
            .repetition_penalty
            .unwrap_or(default.repetition_penalty);
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
        validate_choice(&self.choice)?;
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
            choice: self.choice,
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

fn validate_choice(options: &[String]) -> Result<(), GenerationError> {
    require(
        options.is_empty() || (2..=MAX_CHOICES).contains(&options.len()),
        "choice.options",
        "must hold 2 to 64 texts",
    )?;
    require(
        options
            .iter()
            .all(|text| !text.trim().is_empty() && text.len() <= MAX_CHOICE_BYTES),
        "choice.options",
        "must hold texts of 1 to 128 bytes",
    )?;
    let different: HashSet<&String> = options.iter().collect();
    require(
        different.len() == options.len(),
        "choice.options",
        "must not hold a text twice",
    )
}

fn require(holds: bool, field: &'static str, reason: &'static str) -> Result<(), GenerationError> {
    if holds {
        Ok(())
    } else {
        Err(GenerationError::Invalid { field, reason })
    }
}

#[cfg(test)]
mod tests;
