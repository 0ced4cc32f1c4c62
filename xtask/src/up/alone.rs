//! inference-svc alone, for measuring a chat model. Comes in: the program and a model; goes out: its address, for as
//! long as some work takes.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use anyhow::{Result, bail};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    health::HealthProbe,
    layout::{Address, inference_command},
    output::Sink,
    ports::{PortChoice, Ports},
    service::Service,
};
use crate::models::ChatModel;

/// A large model takes minutes to load.
const READY_LIMIT: Duration = Duration::from_secs(900);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Starts the service, runs `program` with `arguments` and `--endpoint URL`, and stops the service.
///
/// # Errors
/// The service ends or does not become ready; the program fails.
pub(crate) async fn measure(
    inference: PathBuf,
    chat: ChatModel,
    program: PathBuf,
    mut arguments: Vec<OsString>,
) -> Result<()> {
    let address = Address::choose(
        &mut Ports::default(),
        PortChoice::Any,
        PortChoice::Any,
        (0, 0),
    )?;
    let mut service = Service::start(
        &inference_command(inference, chat, address),
        &Sink::Terminal,
    )?;
    arguments.extend(["--endpoint".into(), address.url().into()]);
    let result = match wait_until_ready(&mut service, address).await {
        Ok(()) => run(program, arguments).await,
        Err(error) => Err(error),
    };
    service.stop(STOP_LIMIT).await;
    result
}

async fn run(program: PathBuf, arguments: Vec<OsString>) -> Result<()> {
    let mut command = tokio::process::Command::new(&program);
    let status = command.args(arguments).kill_on_drop(true).status().await?;
    if !status.success() {
        bail!("{} failed ({status})", program.display());
    }
    Ok(())
}

async fn wait_until_ready(service: &mut Service, address: Address) -> Result<()> {
    let probe = HealthProbe::new()?;
    let until = Instant::now() + READY_LIMIT;
    let mut ticks = interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(status) = service.ended()? {
            let lines = service.last_lines().await;
            bail!(
                "{} ended ({status}). Its last lines:\n{}",
                service.name(),
                lines.join("\n")
            );
        }
        if probe.is_ready(&address.admin_url()).await {
            return Ok(());
        }
        if Instant::now() >= until {
            bail!(
                "{} was not ready after {} s",
                service.name(),
                READY_LIMIT.as_secs()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_service_that_cannot_start_is_named_and_nothing_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let marker = folder.path().join("ran");
        let chat = ChatModel {
            source: "a/b".into(),
            name: "b".into(),
            adapter: None,
            isq: None,
        };
        let work = measure(
            "/bin/false".into(),
            chat,
            "/bin/touch".into(),
            vec![marker.clone().into()],
        );
        let error = work.await.unwrap_err().to_string();
        assert!(error.contains("inference-svc ended"), "{error}");
        assert!(!marker.exists());
    }
}
