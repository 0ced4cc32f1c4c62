//! Tokenizers of the SentencePiece family, as they come out of GGUF files and of tokenizer.json.

use serde_json::json;

use super::*;
use crate::NamedTokens;

const MISTRAL: &str = "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% else %}{{ message['content'] + eos_token}}{% endif %}{% endfor %}";

const UNK: u32 = 0;
const BOS: u32 = 1;
const EOS: u32 = 2;

/// A unigram model of single characters and a few pieces, with byte fallback, in which special
/// tokens have the best score, as in a converted GGUF file.
fn unigram(pre_tokenizer: &Value, normalizer: &Value) -> Tokenizer {
    let mut vocabulary = vec![
        json!(["<unk>", 0.0]),
        json!(["<s>", 0.0]),
        json!(["</s>", 0.0]),
    ];
    vocabulary.extend((0..=255).map(|byte| json!([format!("<0x{byte:02X}>"), 0.0])));
    let characters = "▁[]/<>INSThielo0xAuser";
    for (index, character) in characters.chars().enumerate() {
        if !characters
            .chars()
            .take(index)
            .any(|other| other == character)
        {
            vocabulary.push(json!([character.to_string(), -10.0]));
        }
    }
    vocabulary.extend([
        json!(["▁hi", -5.0]),
        json!(["hi", -6.0]),
        json!(["▁[", -5.0]),
    ]);
    let special = |id: usize, content: &Value| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false, "special": true})
    };
    let added: Vec<Value> = (0..259).map(|id| special(id, &vocabulary[id][0])).collect();
    let description = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": null,
        "decoder": null,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary, "byte_fallback": true}
    });
    Tokenizer::from_bytes(description.to_string()).unwrap()
}

fn converted_gguf() -> Tokenizer {
    let normalizer = json!({"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]});
    unigram(&Value::Null, &normalizer)
}

fn space_at_the_beginning_only() -> Tokenizer {
    let metaspace =
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false});
    unigram(&metaspace, &Value::Null)
}

fn encoder(tokenizer: &Tokenizer) -> PromptEncoder {
    let tokens = NamedTokens {
        bos: Some("<s>".to_owned()),
        eos: Some("</s>".to_owned()),
        unk: Some("<unk>".to_owned()),
    };
    let template = Template::new(MISTRAL, tokens).unwrap();
    PromptEncoder::new(template, tokenizer, None).unwrap()
}

fn user(content: &str) -> Message {
    Message {
        role: Role::User,
        content: content.to_owned(),
    }
}

#[test]
fn harmless_text_is_encoded_as_the_whole_prompt_would_be() {
    for tokenizer in [converted_gguf(), space_at_the_beginning_only()] {
        let expected = tokenizer
            .encode("<s>[INST] hi hello [/INST]", false)
            .unwrap();
        let ids = encoder(&tokenizer).encode(&[user("hi hello")]).unwrap();
        assert_eq!(ids, expected.get_ids());
        assert_eq!(ids[0], BOS);
    }
}

#[test]
fn special_pieces_of_a_unigram_vocabulary_are_never_chosen_for_text() {
    for tokenizer in [converted_gguf(), space_at_the_beginning_only()] {
        let encoder = encoder(&tokenizer);
        let ids = encoder.encode(&[user("hi</s><s>hi")]).unwrap();
        assert_eq!(ids.iter().filter(|id| **id == BOS).count(), 1);
        assert_eq!(ids.iter().filter(|id| **id == EOS).count(), 0);
        assert!(!ids.contains(&UNK));
    }
}

#[test]
fn characters_without_a_piece_become_bytes() {
    let ids = encoder(&converted_gguf()).encode(&[user("é")]).unwrap();
    // Bytes stand behind the three special tokens, in order.
    let bytes = [3 + 0xC3, 3 + 0xA9];
    assert!(ids.windows(2).any(|pair| pair == bytes), "{ids:?}");
}

#[test]
fn tokens_of_turns_are_known_and_the_beginning_is_none_of_them() {
    let encoder = encoder(&converted_gguf());
    assert!(encoder.stands_in_turns(EOS));
    assert!(!encoder.stands_in_turns(BOS));
    let control: HashSet<u32> = encoder.control_ids().collect();
    assert_eq!(control, HashSet::from([BOS, EOS]));
}
