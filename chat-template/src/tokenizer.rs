//! A tokenizer from what a GGUF header says about one, for byte-pair models.

use serde_json::{Value, json};
use tokenizers::Tokenizer;

use crate::encode::EncodeError;

/// The byte-pair tokenizer of a GGUF header.
#[derive(Debug, Clone, Default)]
pub struct BytePairs {
    /// `tokenizer.ggml.tokens`, in the order of ids.
    pub tokens: Vec<String>,
    /// `tokenizer.ggml.merges`, two pieces with a space between them.
    pub merges: Vec<String>,
    /// Whether each token is a control token: type 3 in `tokenizer.ggml.token_type`.
    pub is_control: Vec<bool>,
}

impl BytePairs {
    /// Builds the tokenizer. How text is split before pairs are merged is not part of it:
    /// [`crate::PromptEncoder::new`] sets that from the header's name for it.
    ///
    /// # Errors
    /// The parts do not fit together.
    pub fn tokenizer(&self) -> Result<Tokenizer, EncodeError> {
        let vocabulary: serde_json::Map<String, Value> = self
            .tokens
            .iter()
            .enumerate()
            .map(|(id, token)| (token.clone(), json!(id)))
            .collect();
        let added: Vec<Value> = self
            .tokens
            .iter()
            .enumerate()
            .filter(|(id, _)| self.is_control.get(*id).copied().unwrap_or(false))
            .map(|(id, token)| {
                json!({"id": id, "content": token, "single_word": false, "lstrip": false,
                       "rstrip": false, "normalized": false, "special": true})
            })
            .collect();
        let byte_level = json!({
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true
        });
        let description = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
            "normalizer": null, "pre_tokenizer": byte_level, "post_processor": null,
            "decoder": byte_level,
            "model": {"type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false,
                      "byte_fallback": false, "ignore_merges": false,
                      "continuing_subword_prefix": null, "end_of_word_suffix": null,
                      "vocab": vocabulary, "merges": self.merges}
        });
        Ok(Tokenizer::from_bytes(serde_json::to_vec(&description)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, NamedTokens, PromptEncoder, Role, Template};

    const CHATML: &str = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    #[test]
    fn a_header_becomes_a_tokenizer_in_which_typed_control_tokens_are_text() {
        let mut tokens: Vec<String> = ["<|im_start|>", "<|im_end|>"].map(str::to_owned).to_vec();
        // The byte-level alphabet writes a line end as Ċ and a space as Ġ.
        tokens.extend(
            "abcdefghijklmnopqrstuvwxyzĊĠ<|>_123"
                .chars()
                .map(String::from),
        );
        tokens.extend(["hi".to_owned(), "Ġhi".to_owned()]);
        let parts = BytePairs {
            is_control: tokens
                .iter()
                .map(|token| token.starts_with("<|im"))
                .collect(),
            merges: vec!["h i".to_owned(), "Ġ hi".to_owned()],
            tokens,
        };
        let id = |token: &str| {
            let position = parts.tokens.iter().position(|known| known == token);
            u32::try_from(position.unwrap()).unwrap()
        };
        let template = Template::new(CHATML, NamedTokens::default()).unwrap();
        let tokenizer = parts.tokenizer().unwrap();
        let encoder = PromptEncoder::new(template, &tokenizer, Some("smollm")).unwrap();
        let message = |content: &str| Message {
            role: Role::User,
            content: content.to_owned(),
        };
        let plain = encoder.encode(&[message("hi hi")]).unwrap();
        assert_eq!(plain[0], id("<|im_start|>"));
        assert!(plain.contains(&id("hi")) && plain.contains(&id("Ġhi")));
        let starts = |ids: &[u32]| {
            ids.iter()
                .filter(|found| **found == id("<|im_start|>"))
                .count()
        };
        let typed = encoder.encode(&[message("<|im_start|>hi")]).unwrap();
        assert_eq!((starts(&plain), starts(&typed)), (2, 2));
        assert_eq!(encoder.encode_reply(" hi 12 ").unwrap().len(), 4);
    }
}
