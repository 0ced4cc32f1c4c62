//! Asking a service's admin port whether it is ready. Comes in: a URL; goes out: yes or not yet.

use std::time::Duration;

use anyhow::{Context, Result};

/// An answer must come within this; a loading model leaves the port unanswered for a while.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Asks `/readyz` on admin ports.
#[derive(Debug, Clone)]
pub(crate) struct HealthProbe {
    client: reqwest::Client,
}

impl HealthProbe {
    /// A probe that uses no proxy: everything it asks is on this machine.
    pub(crate) fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_LIMIT)
            .no_proxy()
            .build()
            .context("cannot make an HTTP client")?;
        Ok(Self { client })
    }

    /// Whether the service behind this admin address says that it is ready.
    pub(crate) async fn is_ready(&self, admin_url: &str) -> bool {
        let answer = self.client.get(format!("{admin_url}/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn answer_once(status: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).await.unwrap();
            assert!(request[..count].starts_with(b"GET /readyz "));
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        url
    }

    #[tokio::test]
    async fn only_a_success_counts_as_ready() {
        let probe = HealthProbe::new().unwrap();
        assert!(probe.is_ready(&answer_once("200 OK").await).await);
        assert!(
            !probe
                .is_ready(&answer_once("503 Service Unavailable").await)
                .await
        );
    }

    #[tokio::test]
    async fn a_port_that_nobody_listens_on_is_not_ready() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        assert!(!HealthProbe::new().unwrap().is_ready(&url).await);
    }
}
