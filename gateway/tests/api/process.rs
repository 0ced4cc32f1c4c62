//! The gateway as a process of its own, for what only a process can show: being killed, and all that it logs.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::support::{Visitor, content_dir, until};

pub(crate) struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) url: String,
    pub(crate) admin: String,
}

impl Process {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(database_url: &str, peer: &str, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gateway"))
            .args(["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"])
            .arg("--content-dir")
            .arg(content_dir())
            .args(["--database-url", database_url])
            .args(["--inference-url", peer, "--classifier-url", peer])
            .args(more)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let written = log.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                written.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let found = |name: &str| {
            let log = log.lock().unwrap();
            let line = log.lines().find(|line| line.contains("gateway listens"))?;
            let address = line.split(&format!(" {name}=")).nth(1)?;
            Some(format!("http://{}", address.split_whitespace().next()?))
        };
        let listens = until(async || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{}", log.lock().unwrap());
            found("address").is_some() && found("admin").is_some()
        });
        listens.await;
        let (url, admin) = (found("address").unwrap(), found("admin").unwrap());
        Self {
            child,
            log,
            url,
            admin,
        }
    }

    /// A visitor with an open session in India.
    pub(crate) async fn person(&self) -> Visitor {
        let visitor = Visitor::at(&self.url);
        assert!(visitor.begin(15).await.status().is_success());
        visitor
    }

    /// kill -9.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ends it as Ctrl-C does and gives back all that it logged.
    pub(crate) async fn stop(mut self) -> String {
        let pid = self.child.id().unwrap().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(told.unwrap().success());
        assert!(self.child.wait().await.unwrap().success());
        until(async || Arc::strong_count(&self.log) == 1).await;
        self.log.lock().unwrap().clone()
    }
}
