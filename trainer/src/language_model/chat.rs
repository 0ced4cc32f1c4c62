//! The chat template and the tokenizer that belong to a model, from its GGUF header or its folder, put
//! together the way the service that generates does it.

use std::{collections::HashMap, fs, fs::File, io::BufReader, path::Path};

use anyhow::{Context, Result, bail};
use candle_core::quantized::gguf_file::{Content, Value};
use chat_template::{BytePairs, NamedTokens, PromptEncoder, Template, Tokenizer};
use serde_json::Value as Json;

/// The type of control tokens in `tokenizer.ggml.token_type`.
const CONTROL: i32 = 3;

/// What is needed to talk with a model.
pub struct Chat {
    /// Renders and tokenises conversations.
    pub encoder: PromptEncoder,
    /// Turns tokens back into text.
    pub tokenizer: Tokenizer,
    /// The token that ends a turn.
    pub end_of_turn: u32,
}

impl Chat {
    /// Reads a GGUF file or a model folder.
    ///
    /// # Errors
    /// Template or tokenizer are missing or of a kind that is not supported.
    pub fn load(path: &Path) -> Result<Self> {
        let loaded = if path.is_dir() {
            from_folder(path)
        } else {
            from_gguf(path)
        };
        loaded.with_context(|| format!("cannot read the chat format of {}", path.display()))
    }
}

fn from_gguf(path: &Path) -> Result<Chat> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let metadata = Content::read(&mut reader)?.metadata;
    let header = Header(&metadata);
    let kind = header.text("tokenizer.ggml.model")?;
    if kind != "gpt2" {
        bail!("a {kind} tokenizer in a GGUF file; use the model's folder with tokenizer.json");
    }
    let tokens = header.texts("tokenizer.ggml.tokens")?;
    let types = header.list("tokenizer.ggml.token_type")?;
    let pairs = BytePairs {
        merges: header.texts("tokenizer.ggml.merges")?,
        is_control: types
            .iter()
            .map(|kind| Ok(kind.to_i32()? == CONTROL))
            .collect::<Result<_>>()?,
        tokens,
    };
    let named = |key: &str| -> Option<String> {
        let id = metadata.get(&format!("tokenizer.ggml.{key}_token_id"))?;
        let id = usize::try_from(id.to_u32().ok()?).ok()?;
        pairs.tokens.get(id).cloned()
    };
    let names = NamedTokens {
        bos: named("bos"),
        eos: named("eos"),
        unk: named("unknown"),
    };
    let template = Template::new(&header.text("tokenizer.chat_template")?, names)?;
    let tokenizer = pairs.tokenizer()?;
    let splitting = header.text("tokenizer.ggml.pre").ok();
    Ok(Chat {
        encoder: PromptEncoder::new(template, &tokenizer, splitting.as_deref())?,
        tokenizer,
        end_of_turn: metadata
            .get("tokenizer.ggml.eos_token_id")
            .context("the header names no end-of-turn token")?
            .to_u32()?,
    })
}

struct Header<'a>(&'a HashMap<String, Value>);

impl Header<'_> {
    fn get(&self, key: &str) -> Result<&Value> {
        self.0
            .get(key)
            .with_context(|| format!("the header has no {key}"))
    }

    fn text(&self, key: &str) -> Result<String> {
        Ok(self.get(key)?.to_string()?.clone())
    }

    fn list(&self, key: &str) -> Result<&Vec<Value>> {
        Ok(self.get(key)?.to_vec()?)
    }

    fn texts(&self, key: &str) -> Result<Vec<String>> {
        let values = self.list(key)?.iter();
        values.map(|value| Ok(value.to_string()?.clone())).collect()
    }
}

fn from_folder(folder: &Path) -> Result<Chat> {
    let json = |name: &str| -> Result<Json> {
        let path = folder.join(name);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is broken", path.display()))
    };
    let config = json("tokenizer_config.json")?;
    let path = folder.join("tokenizer.json");
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let tokenizer = Tokenizer::from_bytes(bytes)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let named = |key: &str| {
        let token = &config[format!("{key}_token")];
        let text = token.as_str().or_else(|| token["content"].as_str());
        text.map(str::to_owned)
    };
    let names = NamedTokens {
        bos: named("bos"),
        eos: named("eos"),
        unk: named("unk"),
    };
    let end_of_turn = names
        .eos
        .as_deref()
        .and_then(|token| tokenizer.token_to_id(token))
        .context("tokenizer_config.json names no end-of-turn token")?;
    let source = config["chat_template"]
        .as_str()
        .context("tokenizer_config.json has no chat_template")?;
    let template = Template::new(source, names)?;
    Ok(Chat {
        encoder: PromptEncoder::new(template, &tokenizer, None)?,
        tokenizer,
        end_of_turn,
    })
}
