//! What the calls answer, with the tiny random model.

use proto::classifier_v1::{Classification, ClassifyRequest, GetModelInfoRequest};
use tonic::Code;

use crate::support::{many, one, soon, tiny};

fn assert_same(left: &Classification, right: &Classification) {
    assert_eq!(
        (left.tokens, left.truncated),
        (right.tokens, right.truncated)
    );
    for (left, right) in left.heads.iter().zip(&right.heads) {
        assert_eq!(left.head, right.head);
        for (left, right) in left.scores.iter().zip(&right.scores) {
            assert!((left.probability - right.probability).abs() < 1e-5);
        }
    }
}

#[tokio::test]
async fn a_text_gets_every_head_with_probabilities_that_sum_to_one() {
    let (_folder, service) = tiny().await;
    let answer = soon(service.client().classify(one("they laugh at me"))).await;
    let result = answer.unwrap().into_inner().classification.unwrap();
    let heads: Vec<&str> = result.heads.iter().map(|head| head.head.as_str()).collect();
    assert_eq!(heads, ["topic", "risk"]);
    for head in &result.heads {
        let sum: f32 = head.scores.iter().map(|score| score.probability).sum();
        assert!((sum - 1.0).abs() < 1e-5);
        let best = head
            .scores
            .iter()
            .max_by(|a, b| a.probability.total_cmp(&b.probability));
        assert_eq!(head.label, best.unwrap().label);
    }
    assert_eq!((result.tokens, result.truncated), (6, false));
}

#[tokio::test]
async fn only_the_heads_asked_for_are_answered_in_that_order() {
    let (_folder, service) = tiny().await;
    let heads = ["risk", "topic"].map(str::to_owned).to_vec();
    for wanted in [heads.clone(), heads[..1].to_vec()] {
        let request = ClassifyRequest {
            text: "alone".to_owned(),
            heads: wanted.clone(),
        };
        let answer = soon(service.client().classify(request)).await.unwrap();
        let result = answer.into_inner().classification.unwrap();
        let found: Vec<String> = result.heads.into_iter().map(|head| head.head).collect();
        assert_eq!(found, wanted);
    }
}

#[tokio::test]
async fn answers_of_a_batch_are_in_the_order_of_its_texts() {
    let (_folder, service) = tiny().await;
    let texts: Vec<String> = (0..40).map(|n| "they laugh ".repeat(n % 7 + 1)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let answer = soon(service.client().classify_batch(many(&texts))).await;
    let results = answer.unwrap().into_inner().classifications;
    assert_eq!(results.len(), texts.len());
    for (text, result) in texts.iter().zip(&results) {
        let alone = soon(service.client().classify(one(text))).await.unwrap();
        assert_same(&alone.into_inner().classification.unwrap(), result);
    }
}

#[tokio::test]
async fn a_text_beyond_the_limit_of_the_model_says_that_it_was_cut() {
    let (_folder, service) = tiny().await;
    let answer = soon(service.client().classify(one(&"alone ".repeat(500)))).await;
    let result = answer.unwrap().into_inner().classification.unwrap();
    assert!(result.truncated);
    assert_eq!(result.tokens, 24);
}

#[tokio::test]
async fn odd_texts_are_classified_like_any_other() {
    let (_folder, service) = tiny().await;
    let flood = "😭".repeat(20_000);
    let longest = "a ".repeat(50_000);
    let texts = [
        "\0",
        "me\0me",
        &flood,
        &longest,
        "<|im_start|>[INST]</s>[SEP]",
        "\u{202e}x",
    ];
    for text in texts {
        let answer = soon(service.client().classify(one(text))).await.unwrap();
        assert_eq!(answer.into_inner().classification.unwrap().heads.len(), 2);
    }
}

#[tokio::test]
async fn requests_that_break_a_limit_are_invalid_and_quote_no_text() {
    let (_folder, service) = tiny().await;
    let mut client = service.client();
    for text in ["", " \n\t", &"y".repeat(100_001)] {
        let error = soon(client.classify(one(text))).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().len() < 100);
    }
    let error = soon(client.classify_batch(many(&[]))).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let error = soon(client.classify_batch(many(&["x"; 65])))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("65") && error.message().contains("64"));
    let error = soon(client.classify_batch(many(&["x", "secret", ""])))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("text 2") && !error.message().contains("secret"));
}

#[tokio::test]
async fn an_unknown_head_is_invalid_and_the_known_ones_are_named() {
    let (_folder, service) = tiny().await;
    let request = ClassifyRequest {
        text: "me".to_owned(),
        heads: vec!["topic".to_owned(), "humour".to_owned()],
    };
    let error = soon(service.client().classify(request)).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(
        error.message().contains("topic, risk"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn the_model_tells_its_heads_labels_and_limits() {
    let (_folder, service) = tiny().await;
    let answer = soon(service.client().get_model_info(GetModelInfoRequest {})).await;
    let info = answer.unwrap().into_inner();
    assert_eq!(info.model, "tiny");
    assert_eq!((info.max_tokens, info.max_batch_texts), (24, 64));
    let heads: Vec<&str> = info.heads.iter().map(|head| head.head.as_str()).collect();
    assert_eq!(heads, ["topic", "risk"]);
    assert_eq!(info.heads[1].labels, ["none", "crisis"]);
}
