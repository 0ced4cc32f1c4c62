//! What the encoder computes.

use encoder::{Encoder, testing};

use crate::{TEXTS, assert_close, multi_head, reference::Reference};

/// Of the reference only: the encoder packs, so padding must make no difference.
const PADDING: usize = 3;

fn row(encoder: &Encoder, text: &str, head: &str) -> Vec<f32> {
    let heads = [head.to_owned()];
    let results = encoder.classify(&[text], Some(&heads)).unwrap();
    let scores = results[0].heads[0].scores.iter();
    scores.map(|score| score.probability).collect()
}

#[test]
fn embeddings_and_heads_equal_the_reference() {
    let (folder, encoder) = multi_head();
    let reference = Reference::read(folder.path());
    for text in &TEXTS[..3] {
        let ids = encoder.encode(&[text]).unwrap().remove(0).ids;
        let mean = reference.mean(&ids, PADDING);
        let embedding: Vec<Vec<f32>> = encoder.embed(&[text]).unwrap().to_vec2().unwrap();
        let expected: Vec<f32> = mean.iter().map(|x| *x as f32).collect();
        assert_close(&embedding[0], &expected, 1e-4);
        assert_close(&row(&encoder, text, "topic"), &reference.topic(&mean), 1e-4);
        assert_close(&row(&encoder, text, "risk"), &reference.risk(&mean), 1e-4);
    }
}

#[test]
fn a_hugging_face_folder_equals_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let labels = ["NEGATIVE", "POSITIVE"];
    testing::write_sequence_classification(folder.path(), &labels, 3).unwrap();
    let encoder = Encoder::load_exact(folder.path()).unwrap();
    let reference = Reference::read(folder.path());
    assert_eq!(&**encoder.heads()[0].name(), "label");
    let found: Vec<&str> = encoder.heads()[0].labels().iter().map(|l| &**l).collect();
    assert_eq!(found, labels);
    for text in &TEXTS[..3] {
        let ids = encoder.encode(&[text]).unwrap().remove(0).ids;
        let expected = reference.sequence_classification(&ids, PADDING);
        assert_close(&row(&encoder, text, "label"), &expected, 1e-4);
    }
}

#[test]
fn neighbours_in_a_batch_change_nothing() {
    let (_folder, encoder) = multi_head();
    let together = encoder.classify(&TEXTS, None).unwrap();
    for (text, together) in TEXTS.iter().zip(together) {
        let alone = encoder.classify(&[text], None).unwrap().remove(0);
        assert_eq!(alone.tokens, together.tokens);
        for (alone, together) in alone.heads.iter().zip(&together.heads) {
            let of = |head: &encoder::HeadScores| -> Vec<f32> {
                head.scores.iter().map(|score| score.probability).collect()
            };
            assert_close(&of(alone), &of(together), 1e-5);
        }
    }
}

#[test]
fn more_texts_than_one_pass_takes_keep_their_order() {
    let (_folder, encoder) = multi_head();
    let many: Vec<&str> = TEXTS.iter().copied().cycle().take(801).collect();
    let tokens: usize = encoder
        .encode(&many)
        .unwrap()
        .iter()
        .map(|t| t.ids.len())
        .sum();
    assert!(tokens > 2 * 4096, "the texts fit in too few passes");
    let all: Vec<Vec<f32>> = encoder.embed(&many).unwrap().to_vec2().unwrap();
    let first: Vec<Vec<f32>> = encoder.embed(&TEXTS).unwrap().to_vec2().unwrap();
    assert_eq!(all.len(), many.len());
    for (index, embedding) in all.iter().enumerate() {
        assert_close(embedding, &first[index % TEXTS.len()], 1e-5);
    }
}

#[test]
fn probabilities_of_a_head_sum_to_one_and_the_best_is_the_largest() {
    let (_folder, encoder) = multi_head();
    for result in encoder.classify(&TEXTS, None).unwrap() {
        let names: Vec<&str> = result.heads.iter().map(|head| &*head.head).collect();
        assert_eq!(names, ["topic", "risk"]);
        for head in &result.heads {
            let sum: f32 = head.scores.iter().map(|score| score.probability).sum();
            assert!((sum - 1.0).abs() < 1e-5);
            let best = head.best().unwrap().probability;
            assert!(head.scores.iter().all(|score| score.probability <= best));
        }
    }
}

#[test]
fn a_text_beyond_the_limit_is_cut_and_says_so() {
    let (_folder, encoder) = multi_head();
    let results = encoder.classify(&TEXTS, None).unwrap();
    assert!(!results[0].truncated);
    assert_eq!(results[0].tokens, 7, "[CLS] they laugh at me . [SEP]");
    assert!(results[3].truncated);
    assert_eq!(results[3].tokens, testing::MAX_TOKENS);
    let ids = &encoder.encode(&[TEXTS[3]]).unwrap()[0].ids;
    assert_eq!(
        (ids[0], ids[testing::MAX_TOKENS - 1]),
        (2, 3),
        "[CLS] … [SEP]"
    );
}

#[test]
fn special_tokens_typed_by_a_person_are_text() {
    let (_folder, encoder) = multi_head();
    let ids = &encoder.encode(&["me [SEP] me [CLS]"]).unwrap()[0].ids;
    assert_eq!(ids.iter().filter(|id| **id == 2).count(), 1);
    assert_eq!(ids.iter().filter(|id| **id == 3).count(), 1);
}

#[test]
fn odd_texts_are_classified_like_any_other() {
    let (_folder, encoder) = multi_head();
    let flood = "😭".repeat(5000);
    let words = "x".repeat(100_000);
    for text in [
        "\0\0",
        "me\0me",
        "",
        " \n",
        "\u{202e}\u{200d}",
        &flood,
        &words,
    ] {
        let result = encoder.classify(&[text], None).unwrap().remove(0);
        assert!(result.tokens >= 2);
        let scores = result.heads.iter().flat_map(|head| &head.scores);
        assert!(
            scores
                .into_iter()
                .all(|score| score.probability.is_finite())
        );
    }
}

#[test]
fn no_texts_give_no_results() {
    let (_folder, encoder) = multi_head();
    assert!(encoder.classify(&[], None).unwrap().is_empty());
    assert_eq!(encoder.embed(&[]).unwrap().dims(), [0, testing::DIM]);
}

#[test]
fn rounded_products_change_a_probability_by_a_few_hundredths() {
    let folder = tempfile::tempdir().unwrap();
    testing::write_multi_head(folder.path(), 7).unwrap();
    let exact = Encoder::load_exact(folder.path()).unwrap();
    let rounded = Encoder::load(folder.path()).unwrap();
    for head in ["topic", "risk"] {
        for text in TEXTS {
            // Rows of 16 numbers, far fewer than a real model has: rounding averages out less.
            assert_close(&row(&rounded, text, head), &row(&exact, text, head), 0.05);
            assert_ne!(row(&rounded, text, head), row(&exact, text, head));
        }
    }
}
