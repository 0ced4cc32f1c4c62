//! What people write appears in no log line, whatever the log filter says.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use crate::support::{ask, server::collect, tiny::Script, tiny_files};
use proto::inference_v1::inference_service_client::InferenceServiceClient;

const CANARY: &str = "zq9-canary-words";

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_person_are_in_no_log_line() {
    // A free port for the program: bound, named, and given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let model = tiny_files::gguf(&Script::says("ok"));
    let mut program = Command::new(env!("CARGO_BIN_EXE_inference-svc"))
        .args([
            "--listen",
            &address,
            "--admin-listen",
            "127.0.0.1:0",
            "--model",
        ])
        .arg(&model)
        .args([
            "--log-filter",
            "trace,h2=info,hyper=info,tower=info",
            "--log-format",
            "json",
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(program.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("\"serving\"") {
        assert!(log.read_line(&mut seen).unwrap() > 0, "{seen}");
    }
    let reader = std::thread::spawn(move || {
        log.read_to_string(&mut seen).unwrap();
        seen
    });
    let mut client = InferenceServiceClient::connect(format!("http://{address}"))
        .await
        .unwrap();
    let reply = collect(&mut client, ask(CANARY, 20)).await.unwrap();
    assert_eq!(reply.text(), "ok");
    let too_long = CANARY.repeat(200);
    assert!(client.generate(ask(&too_long, 20)).await.is_err());
    drop(client);

    let terminated = Command::new("kill")
        .arg(program.id().to_string())
        .status()
        .unwrap();
    assert!(terminated.success());
    let status = tokio::task::spawn_blocking(move || program.wait().unwrap())
        .await
        .unwrap();
    assert!(status.success(), "{status}");
    let log = reader.join().unwrap();
    assert!(log.contains("reply ended"));
    assert!(!log.contains(CANARY));
}
