//! Tiny models of Mistral's shape, loaded the way real ones are: a GGUF file and a folder of
//! safetensors, quantised while loading, and with an adapter.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use proto::inference_v1::{CountTokensRequest, FinishReason, GetModelInfoRequest};

use crate::support::{
    ask,
    server::{TestServer, collect, first_event, read_all},
    tiny::Script,
    tiny_files, user,
};

const SAYING: &str = "hey 😀!";

async fn serve(model: &Path, more: &[&str]) -> TestServer {
    let model = model.to_str().unwrap();
    TestServer::with_arguments(&[&["--model", model], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gguf_file_generates() {
    let server = serve(
        &tiny_files::gguf(&Script::says(SAYING)),
        &["--model-name", "tiny"],
    )
    .await;
    let mut client = server.client().await;
    let reply = collect(&mut client, ask("Hi", 40)).await.unwrap();
    assert_eq!(reply.text(), SAYING);
    assert_eq!(reply.finished.reason(), FinishReason::Stop);
    assert_eq!(reply.started.model, "tiny");
    // One token for each byte and one for the end.
    assert_eq!(reply.completion_tokens(), 10);
    let info = client
        .get_model_info(GetModelInfoRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (info.architecture.as_str(), info.quantization.as_str()),
        ("llama", "F32")
    );
    assert_eq!(
        (info.context_length, info.max_running, info.max_waiting),
        (512, 4, 16)
    );
    assert_eq!(info.device, "cpu");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_safetensors_generates_the_same() {
    let folder = tiny_files::safetensors(&Script::says(SAYING));
    let server = serve(&folder, &[]).await;
    let mut client = server.client().await;
    let reply = collect(&mut client, ask("Hi", 40)).await.unwrap();
    assert_eq!(reply.text(), SAYING);
    let info = client
        .get_model_info(GetModelInfoRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(info.architecture, "mistral");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_quantised_while_loading_generates_the_same() {
    let folder = tiny_files::safetensors(&Script::says(SAYING));
    let server = serve(&folder, &["--isq", "Q8_0"]).await;
    let mut client = server.client().await;
    assert_eq!(
        collect(&mut client, ask("Hi", 40)).await.unwrap().text(),
        SAYING
    );
    let info = client
        .get_model_info(GetModelInfoRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(info.quantization, "Q8_0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_adapter_is_applied_to_a_local_folder() {
    let folder = tiny_files::safetensors(&Script::says(SAYING));
    for (strength, unchanged) in [(0.0, true), (1000.0, false)] {
        let adapter = tiny_files::adapter(strength);
        let server = serve(&folder, &["--adapter", adapter.to_str().unwrap()]).await;
        let mut client = server.client().await;
        let text = collect(&mut client, ask("Hi", 40)).await.unwrap().text();
        assert_eq!(text == SAYING, unchanged, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn characters_come_out_whole() {
    let server = serve(&tiny_files::gguf(&Script::says(SAYING)), &[]).await;
    let mut client = server.client().await;
    let reply = collect(&mut client, ask("Hi", 40)).await.unwrap();
    assert!(
        reply.deltas.iter().any(|delta| delta.contains('😀')),
        "{:?}",
        reply.deltas
    );
    // Cut off in the middle of the character: what is whole comes out, and the end is told.
    let cut = collect(&mut client, ask("Hi", 6)).await.unwrap();
    assert_eq!(cut.text(), "hey ");
    assert_eq!(cut.finished.reason(), FinishReason::Length);
    assert_eq!(cut.completion_tokens(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_ends_in_half_a_character_still_finishes() {
    let server = serve(
        &tiny_files::gguf(&Script::Says(vec![b'o', b'k', 0xF0, 0x9F])),
        &[],
    )
    .await;
    let mut client = server.client().await;
    let reply = collect(&mut client, ask("Hi", 40)).await.unwrap();
    assert_eq!(reply.text(), "ok");
    assert_eq!(reply.finished.reason(), FinishReason::Stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_strings_and_token_limits_end_a_reply() {
    let server = serve(&tiny_files::gguf(&Script::Repeats("abc ")), &[]).await;
    let mut client = server.client().await;
    let limited = collect(&mut client, ask("Hi", 6)).await.unwrap();
    assert_eq!(limited.text(), "abc ab");
    assert_eq!(limited.finished.reason(), FinishReason::Length);
    let mut request = ask("Hi", 200);
    request.sampling.get_or_insert_default().stop = vec!["c a".into()];
    let stopped = collect(&mut client, request).await.unwrap();
    assert_eq!(stopped.text(), "ab");
    assert_eq!(stopped.finished.reason(), FinishReason::Stop);
    assert!(stopped.completion_tokens() < 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_never_outgrows_the_context() {
    let server = serve(&tiny_files::gguf(&Script::Repeats("abc ")), &[]).await;
    let mut client = server.client().await;
    let messages = vec![user(&"x".repeat(400))];
    let counted = client
        .count_tokens(CountTokensRequest { messages })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(counted.context_length, 512);
    let reply = collect(&mut client, ask(&"x".repeat(400), 4000))
        .await
        .unwrap();
    assert_eq!(reply.started.prompt_tokens, counted.tokens);
    assert_eq!(reply.finished.reason(), FinishReason::Length);
    assert_eq!(counted.tokens + reply.completion_tokens(), 512);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_ends_the_sequence_in_the_engine() {
    let server = serve(
        &tiny_files::gguf(&Script::Repeats("abc ")),
        &["--max-running", "1", "--max-waiting", "1"],
    )
    .await;
    let mut client = server.client().await;
    // 400 tokens of the tiny model take a while; the second reply must not wait for them.
    let mut leaving = client.generate(ask("Hi", 480)).await.unwrap().into_inner();
    first_event(&mut leaving).await;
    let left = Instant::now();
    drop(leaving);
    let reply = collect(&mut client, ask("Hi", 5)).await.unwrap();
    assert_eq!(reply.text(), "abc a");
    assert!(
        left.elapsed() < Duration::from_secs(1),
        "{:?}",
        left.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn emptying_the_prefix_cache_loses_no_reply() {
    let server = serve(
        &tiny_files::gguf(&Script::Repeats("abc ")),
        &[
            "--prefix-cache-sequences",
            "2",
            "--max-running",
            "3",
            "--max-waiting",
            "40",
        ],
    )
    .await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..30_u32 {
        let mut client = server.client().await;
        let question = format!("The same beginning, and then number {}", number % 7);
        tasks.spawn(async move { collect(&mut client, ask(&question, 5 + number)).await });
    }
    let mut replies = 0;
    while let Some(reply) = tasks.join_next().await {
        let reply = reply.unwrap().unwrap();
        let expected: String = "abc "
            .chars()
            .cycle()
            .take(reply.completion_tokens() as usize)
            .collect();
        assert_eq!(reply.text(), expected);
        replies += 1;
    }
    assert_eq!(replies, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unread_reply_holds_up_nobody() {
    let server = serve(
        &tiny_files::gguf(&Script::Repeats("abc ")),
        &["--max-running", "2"],
    )
    .await;
    let mut client = server.client().await;
    let unread = client.generate(ask("Hi", 200)).await.unwrap().into_inner();
    let mut other = server.client().await;
    assert_eq!(
        collect(&mut other, ask("Hi", 40))
            .await
            .unwrap()
            .completion_tokens(),
        40
    );
    assert_eq!(read_all(unread).await.unwrap().completion_tokens(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_holds_the_reply_to_its_texts() {
    let server = serve(&tiny_files::gguf(&Script::says("mild")), &[]).await;
    let mut client = server.client().await;
    let options = |texts: [&str; 3]| proto::inference_v1::Choice {
        options: texts.map(str::to_owned).to_vec(),
    };
    for (texts, expected) in [
        // What the model would say anyway, although it is longer than another text.
        (["mi", "mild", "moderate"], "mild"),
        // It would never say these: what may follow decides.
        (["a", "b", "no"], "a b no"),
    ] {
        let mut request = ask("Hi", 40);
        request.choice = Some(options(texts));
        let reply = collect(&mut client, request).await.unwrap();
        assert!(texts.contains(&reply.text().as_str()), "{}", reply.text());
        assert!(expected.contains(&reply.text()), "{}", reply.text());
        assert_eq!(reply.finished.reason(), FinishReason::Stop);
    }
    let mut request = ask("Hi", 40);
    request.choice = Some(proto::inference_v1::Choice { options: vec![] });
    let refused = collect(&mut client, request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}
