//! Lets a served model answer prompts, each in the reviewed frame that the product would use. In: prompts with
//! theme and severity. Out: one line an answer, for `trainer compare`.

use std::{io::Write, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use proto::inference_v1::Sampling;
use serde::{Deserialize, Serialize};

use super::ChatService;
use crate::{
    files,
    preference::{examples::read_lines, frames::Frames},
    progress,
};

/// What to answer.
#[derive(Debug, Clone, Args)]
pub struct AnswerOptions {
    /// Address of a running inference service, for example http://127.0.0.1:50051.
    #[arg(long)]
    endpoint: String,
    /// JSON lines: id, prompt, category, severity.
    #[arg(long)]
    cases: PathBuf,
    /// Folder with companion.md, support.md and assessment.md.
    #[arg(long, default_value = "content/prompts")]
    prompts: PathBuf,
    /// How freely tokens are drawn; 0 gives the same answer every time.
    #[arg(long, default_value_t = 0.0)]
    temperature: f32,
    /// Longest answer in tokens.
    #[arg(long, default_value_t = 160)]
    max_tokens: u32,
    /// File to write: id, prompt, answer, tokens, ms a line.
    #[arg(long)]
    out: PathBuf,
}

/// A prompt to answer.
#[derive(Debug, Clone, Deserialize)]
pub struct ComparisonPrompt {
    /// Names the prompt.
    pub id: String,
    /// What the person wrote.
    pub prompt: String,
    /// Theme in the data's words.
    pub category: String,
    /// mild, moderate or severe.
    pub severity: String,
}

/// A prompt with its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// Names the prompt.
    pub id: String,
    /// What the person wrote.
    pub prompt: String,
    /// What the model said.
    pub answer: String,
    /// Tokens of the answer.
    pub tokens: u32,
    /// Time for the whole answer.
    pub ms: u64,
}

/// Asks and writes.
///
/// # Errors
/// The service cannot be reached or fails, a prompt is broken, the disk refuses.
pub fn answer(options: &AnswerOptions, report: &mut impl Write) -> Result<()> {
    let frames = Frames::read(&options.prompts)?;
    let prompts: Vec<ComparisonPrompt> = read_lines(&options.cases)?;
    ensure!(
        !prompts.is_empty(),
        "{} has no prompt",
        options.cases.display()
    );
    let service = ChatService::connect(&options.endpoint)?;
    let sampling = Sampling {
        temperature: Some(options.temperature),
        max_tokens: Some(options.max_tokens),
        ..Sampling::default()
    };
    let mut answers = Vec::with_capacity(prompts.len());
    let bar = progress::bar(prompts.len(), "answer");
    for prompt in prompts {
        let system = frames.system(&prompt.id, &prompt.category, &prompt.severity);
        let reply = service.reply(&system, &prompt.prompt, sampling.clone());
        let reply = reply.with_context(|| format!("prompt {}", prompt.id))?;
        answers.push(Answer {
            id: prompt.id,
            prompt: prompt.prompt,
            answer: reply.text.trim().to_owned(),
            tokens: reply.tokens,
            ms: u64::try_from(reply.took.as_millis()).unwrap_or(u64::MAX),
        });
        progress::step(&bar, "answer");
    }
    bar.finish_and_clear();
    files::write_atomically(&options.out, |out| {
        for answer in &answers {
            serde_json::to_writer(&mut *out, answer)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })?;
    let tokens: u64 = answers.iter().map(|answer| u64::from(answer.tokens)).sum();
    let ms: u64 = answers.iter().map(|answer| answer.ms).sum();
    writeln!(
        report,
        "{} answers, {tokens} tokens, {:.1} tokens/s",
        answers.len(),
        tokens as f64 * 1e3 / ms.max(1) as f64
    )?;
    Ok(())
}
