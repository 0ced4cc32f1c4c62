//! Changes to the description of a tokenizer that make it treat everything as plain text, split the way
//! the model was trained.

use std::collections::HashSet;

use serde_json::{Value, json};

/// Score that keeps a piece of a unigram vocabulary from ever being chosen for text.
const NEVER: f64 = -1e9;

/// Whether a piece stands for one byte, as "<0x0A>" does.
pub(crate) fn is_byte(content: &str) -> bool {
    content.len() == 6 && content.starts_with("<0x") && content.ends_with('>')
}

/// Makes a tokenizer that sees special tokens as ordinary text, and adds none by itself.
pub(crate) fn forget_special_tokens(description: &mut Value, special_ids: &HashSet<u32>) {
    if let Some(added) = description["added_tokens"].as_array_mut() {
        added.retain(|token| token["special"] != json!(true));
    }
    description["post_processor"] = Value::Null;
    description["truncation"] = Value::Null;
    description["padding"] = Value::Null;
    if description["model"]["type"] == json!("BPE")
        && description["model"]["byte_fallback"] != json!(true)
    {
        // A byte-level model has a piece for every byte; GGUF files still name a control token here.
        description["model"]["unk_token"] = Value::Null;
    }
    if description["model"]["type"] == json!("Unigram")
        && let Some(vocabulary) = description["model"]["vocab"].as_array_mut()
    {
        // A unigram model may pick any piece that matches, "</s>" too; byte pieces are found by
        // name, whatever their score.
        for (id, entry) in vocabulary.iter_mut().enumerate() {
            let special = u32::try_from(id).is_ok_and(|id| special_ids.contains(&id));
            if !special {
                continue;
            }
            let keep_name = entry[0]
                .as_str()
                .is_none_or(|name| is_byte(name) || name == "<unk>");
            if !keep_name {
                entry[0] = json!(format!("\u{0}special {id}\u{0}"));
            }
            entry[1] = json!(NEVER);
        }
    }
}

/// The engine's conversion of GGUF tokenizers splits every byte-pair model's text the same way;
/// these are the ways in which the models were trained.
pub(crate) fn split_like(description: &mut Value, pre_tokenizer: Option<&str>) {
    let byte_level = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true
    });
    match pre_tokenizer {
        Some("smollm") => {
            description["pre_tokenizer"] = json!({
                "type": "Sequence",
                "pretokenizers": [{"type": "Digits", "individual_digits": true}, byte_level]
            });
        }
        Some("gpt-2" | "default") if description["model"]["type"] == json!("BPE") => {
            description["pre_tokenizer"] = byte_level;
        }
        _ => {}
    }
}

/// Changes a pre-tokenizer that adds a space at the very beginning only; says whether it was one.
pub(crate) fn never_prepend(pre_tokenizer: &mut Value) -> bool {
    if pre_tokenizer["type"] == json!("Metaspace")
        && pre_tokenizer["prepend_scheme"] == json!("first")
    {
        pre_tokenizer["prepend_scheme"] = json!("never");
        return true;
    }
    match pre_tokenizer["pretokenizers"].as_array_mut() {
        Some(parts) => parts
            .iter_mut()
            .fold(false, |changed, part| never_prepend(part) | changed),
        None => false,
    }
}
