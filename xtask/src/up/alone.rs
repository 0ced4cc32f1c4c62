//! Single services, for measuring models and guards. Comes in: programs and models; goes out: their addresses, for as
//! long as some work takes.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use anyhow::{Result, bail};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    health::HealthProbe,
    layout::{Address, classifier_command, inference_command},
    output::Sink,
    ports::{PortChoice, Ports},
    service::Service,
};
use crate::models::ChatModel;

/// A large model takes minutes to load.
const READY_LIMIT: Duration = Duration::from_secs(900);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A service that some work needs.
pub(crate) enum Alone {
    /// inference-svc with a chat model.
    Inference(PathBuf, ChatModel),
    /// classifier-svc with a model folder.
    Classifier(PathBuf, PathBuf),
}

/// Starts the services, runs `program` with `arguments` and, for each service, its flag with its URL, and stops the
/// services.
///
/// # Errors
/// A service ends or does not become ready; the program fails.
pub(crate) async fn measure(
    services: Vec<(&str, Alone)>,
    program: PathBuf,
    mut arguments: Vec<OsString>,
) -> Result<()> {
    let mut ports = Ports::default();
    let mut started = Vec::new();
    for (flag, service) in services {
        let address = Address::choose(&mut ports, PortChoice::Any, PortChoice::Any, (0, 0))?;
        let command = match service {
            Alone::Inference(program, chat) => inference_command(program, chat, address),
            Alone::Classifier(program, model) => classifier_command(program, model, address),
        };
        started.push((Service::start(&command, &Sink::Terminal)?, address));
        arguments.extend([flag.into(), address.url().into()]);
    }
    let mut result = Ok(());
    for (service, address) in &mut started {
        result = result.and(wait_until_ready(service, *address).await);
    }
    if result.is_ok() {
        result = run(program, arguments).await;
    }
    for (mut service, _) in started {
        service.stop(STOP_LIMIT).await;
    }
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
            vec![("--endpoint", Alone::Inference("/bin/false".into(), chat))],
            "/bin/touch".into(),
            vec![marker.clone().into()],
        );
        let error = work.await.unwrap_err().to_string();
        assert!(error.contains("inference-svc ended"), "{error}");
        assert!(!marker.exists());
    }
}
