//! Asks a running inference service one question and shows the reply as it comes, with its timing:
//! `cargo run -p inference-svc --example ask -- "How can I sleep better?"`.

use std::{
    io::{Write, stdout},
    time::Instant,
};

use clap::Parser;
use proto::inference_v1::{
    GenerateRequest, Message, Role, Sampling, generate_response::Event,
    inference_service_client::InferenceServiceClient,
};

/// One question to a running service.
#[derive(Parser)]
struct Arguments {
    /// Where it listens.
    #[arg(long, default_value = "http://127.0.0.1:50051")]
    url: String,
    /// Instructions before the question.
    #[arg(long)]
    system: Option<String>,
    /// Longest reply in tokens.
    #[arg(long, default_value_t = 120)]
    max_tokens: u32,
    /// 0 makes the reply repeatable.
    #[arg(long)]
    temperature: Option<f32>,
    /// The question.
    question: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut client = InferenceServiceClient::connect(arguments.url).await?;
    let message = |role: Role, content: String| Message {
        role: role.into(),
        content,
    };
    let system = arguments.system.map(|text| message(Role::System, text));
    let question = message(Role::User, arguments.question);
    let request = GenerateRequest {
        messages: system.into_iter().chain([question]).collect(),
        sampling: Some(Sampling {
            max_tokens: Some(arguments.max_tokens),
            temperature: arguments.temperature,
            ..Sampling::default()
        }),
        choice: None,
    };
    let asked = Instant::now();
    let mut first = None;
    let mut stream = client.generate(request).await?.into_inner();
    let mut out = stdout();
    while let Some(response) = stream.message().await? {
        match response.event {
            Some(Event::Started(started)) => writeln!(out, "{started:?}")?,
            Some(Event::Delta(delta)) => {
                first.get_or_insert_with(|| asked.elapsed());
                write!(out, "{}", delta.text)?;
                out.flush()?;
            }
            Some(Event::Finished(finished)) => {
                let usage = finished.usage.unwrap_or_default();
                let decode_ms = finished
                    .total_ms
                    .saturating_sub(finished.time_to_first_token_ms);
                writeln!(
                    out,
                    "\n{:?}, {} + {} tokens, first text after {:?}, first token {} ms, {:.1} tokens/s",
                    finished.reason(),
                    usage.prompt_tokens,
                    usage.completion_tokens,
                    first.unwrap_or_default(),
                    finished.time_to_first_token_ms,
                    f64::from(usage.completion_tokens.saturating_sub(1)) * 1000.0
                        / f64::from(decode_ms.max(1)),
                )?;
            }
            None => {}
        }
    }
    Ok(())
}
