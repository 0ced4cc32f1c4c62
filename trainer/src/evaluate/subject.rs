//! What sorts the texts of an evaluation: the text classifier as its service loads it, or the chat model as it is
//! served, held to the head's labels.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use encoder::Encoder;

use crate::{
    classifier::{heads_spec::HeadsSpec, load_encoder},
    served::ChatService,
};

/// Which model sorts.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct SubjectOptions {
    /// Folder of the text classifier, as its service loads it.
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Address of a running inference service, whose chat model sorts.
    #[arg(long)]
    pub endpoint: Option<String>,
}

/// A model that sorts texts by one head.
pub struct Subject {
    head: String,
    labels: Vec<String>,
    kind: Kind,
}

enum Kind {
    Classifier(Box<Encoder>),
    ChatModel(Box<Asked>),
}

/// A chat model with the question that it is asked.
struct Asked {
    service: ChatService,
    prompt: String,
    options: Vec<String>,
}

impl Subject {
    /// Loads or connects.
    ///
    /// # Errors
    /// The model cannot be used, or has no such head; the prompt for the head is missing.
    pub fn open(options: &SubjectOptions, head: &str, prompts: &Path) -> Result<Self> {
        match (&options.model, &options.endpoint) {
            (Some(folder), _) => Self::classifier(folder, head),
            (None, Some(endpoint)) => Self::chat_model(endpoint, head, prompts),
            (None, None) => bail!("either --model or --endpoint must be given"),
        }
    }

    fn classifier(folder: &Path, head: &str) -> Result<Self> {
        let encoder = load_encoder(folder)?;
        let known: Vec<&str> = encoder.heads().iter().map(|head| &**head.name()).collect();
        let found = encoder.heads().iter().find(|known| &**known.name() == head);
        let found = found.ok_or_else(|| no_head(head, &known))?;
        Ok(Self {
            head: head.to_owned(),
            labels: found.labels().iter().map(ToString::to_string).collect(),
            kind: Kind::Classifier(Box::new(encoder)),
        })
    }

    fn chat_model(endpoint: &str, head: &str, prompts: &Path) -> Result<Self> {
        let spec = HeadsSpec::default();
        let known: Vec<&str> = spec.heads.iter().map(|head| head.name.as_str()).collect();
        let found = spec.heads.iter().find(|known| known.name == head);
        let labels = found.ok_or_else(|| no_head(head, &known))?.labels.clone();
        let path = prompts.join(format!("classify-{head}.md"));
        let prompt =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self {
            head: head.to_owned(),
            kind: Kind::ChatModel(Box::new(Asked {
                service: ChatService::connect(endpoint)?,
                prompt: prompt.trim().to_owned(),
                options: labels.iter().map(|label| label.replace('_', " ")).collect(),
            })),
            labels,
        })
    }

    /// The labels in the order of the scores.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// One score for each label, and how long it took. A chat model names one label, which gets all.
    ///
    /// # Errors
    /// The model fails.
    pub fn scores(&self, text: &str) -> Result<(Vec<f32>, Duration)> {
        match &self.kind {
            Kind::Classifier(encoder) => {
                let started = Instant::now();
                let results = encoder.classify(&[text], Some(std::slice::from_ref(&self.head)))?;
                let took = started.elapsed();
                let found = results.first().and_then(|result| result.heads.first());
                let scores = &found.context("no result")?.scores;
                Ok((scores.iter().map(|score| score.probability).collect(), took))
            }
            Kind::ChatModel(asked) => {
                let Asked {
                    service,
                    prompt,
                    options,
                } = asked.as_ref();
                let (chosen, took) = service.choose(prompt, text, options)?;
                let scores = (0..options.len()).map(|label| f32::from(u8::from(label == chosen)));
                Ok((scores.collect(), took))
            }
        }
    }
}

fn no_head(head: &str, known: &[&str]) -> anyhow::Error {
    anyhow!("the model has no head {head}, only {}", known.join(", "))
}
