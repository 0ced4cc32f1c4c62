//! The three services together: their ports and arguments, readiness, and the order in which they stop.
//!
//! Comes in: programs, models and folders; goes out: a running stack with its addresses. The gateway stops first, so
//! that answers that are being streamed can end while the services behind it still work.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    health::HealthProbe,
    layout::GATEWAY,
    layout::{Addresses, Parts, commands},
    output::Sink,
    ports::PortChoice,
    revival::Revival,
    service::Service,
};

/// Longer than the services' own draining time (30 s), which should end it.
const STOP_LIMIT: Duration = Duration::from_secs(40);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How they are started.
#[derive(Debug)]
pub(crate) struct StackOptions {
    /// Of the web page.
    pub(crate) port: PortChoice,
    /// Of everything else.
    pub(crate) internal_ports: PortChoice,
    /// Folder of the database.
    pub(crate) data_dir: PathBuf,
    /// From the start until all are ready.
    pub(crate) ready_timeout: Duration,
    /// Where the services' lines go.
    pub(crate) sink: Sink,
    /// Which lines they write; without it what they write by default.
    pub(crate) log_filter: Option<&'static str>,
}

/// The running services, in the order in which they stop.
#[derive(Debug)]
pub(crate) struct Stack {
    services: Vec<Service>,
    revivals: Vec<Revival>,
    sink: Sink,
    addresses: Addresses,
    ready_timeout: Duration,
}

impl Stack {
    /// Starts all three; call it inside a runtime.
    pub(crate) fn start(parts: Parts, options: &StackOptions) -> Result<Self> {
        let addresses = Addresses::choose(options.port, options.internal_ports)?;
        std::fs::create_dir_all(&options.data_dir)
            .with_context(|| format!("cannot make {}", options.data_dir.display()))?;
        let mut commands = commands(parts, &addresses, &options.data_dir);
        for (command, filter) in commands.iter_mut().zip(options.log_filter.iter().cycle()) {
            let arguments = ["--log-filter", filter].map(Into::into);
            command.arguments.extend(arguments);
        }
        let services = commands
            .iter()
            .map(|command| Service::start(command, &options.sink))
            .collect::<Result<_>>()?;
        Ok(Self {
            services,
            revivals: commands.into_iter().map(Revival::new).collect(),
            sink: options.sink.clone(),
            addresses,
            ready_timeout: options.ready_timeout,
        })
    }

    /// Where the services are.
    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Waits until all are ready, says so, and then until the gateway ends, which is an error.
    pub(crate) async fn run(&mut self) -> Result<()> {
        self.wait_until_ready().await?;
        println!("ready {}", self.addresses.gateway.url());
        self.tend().await
    }

    /// Starts a service behind the gateway again when it ended, and returns an error when the gateway did. Without the
    /// classifier rules decide, without the model reviewed words answer, and crisis cards need neither: that one of
    /// them is away is no reason to take the page away.
    async fn tend(&mut self) -> Result<()> {
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for index in 0..self.services.len() {
                let Some(status) = self.services[index].ended()? else {
                    continue;
                };
                if self.services[index].name() == GATEWAY {
                    return self.fail_if_one_ended().await;
                }
                if self.revivals[index].is_due(status, Instant::now()) {
                    self.services[index] = self.revivals[index].start(&self.sink)?;
                }
            }
        }
    }

    /// Returns when every service said that it is ready; fails when one ends or the time is over.
    pub(crate) async fn wait_until_ready(&mut self) -> Result<()> {
        let probe = HealthProbe::new()?;
        let until = Instant::now() + self.ready_timeout;
        let Addresses {
            gateway,
            inference,
            classifier,
        } = self.addresses.clone();
        let mut waiting = vec![
            ("classifier-svc", classifier),
            ("inference-svc", inference),
            ("gateway", gateway),
        ];
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while let Some((_, address)) = waiting.first() {
            ticks.tick().await;
            self.fail_if_one_ended().await?;
            if probe.is_ready(&address.admin_url()).await {
                waiting.remove(0);
            } else if Instant::now() >= until {
                let names: Vec<_> = waiting.iter().map(|(name, _)| *name).collect();
                bail!(
                    "not ready after {} s: {}",
                    self.ready_timeout.as_secs(),
                    names.join(", ")
                );
            }
        }
        Ok(())
    }

    /// Returns only with an error: the report about the service that ended.
    pub(crate) async fn watch(&mut self) -> Result<()> {
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.fail_if_one_ended().await?;
        }
    }

    async fn fail_if_one_ended(&mut self) -> Result<()> {
        for service in &mut self.services {
            if let Some(status) = service.ended()? {
                let lines = service.last_lines().await;
                bail!(
                    "{} ended ({status}). Its last lines:\n{}",
                    service.name(),
                    lines.join("\n")
                );
            }
        }
        Ok(())
    }

    /// Stops the gateway, then the services behind it.
    pub(crate) async fn stop(&mut self) {
        for service in &mut self.services {
            service.stop(STOP_LIMIT).await;
        }
    }

    /// Ends all of them now.
    pub(crate) async fn kill(&mut self) {
        for service in &mut self.services {
            service.kill().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ChatModel, RunningModels};

    #[tokio::test]
    async fn a_service_that_ends_early_ends_the_start_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let chat = ChatModel {
            source: "a/b".into(),
            name: "b".into(),
            adapter: None,
            isq: None,
        };
        let parts = Parts {
            gateway: "/bin/false".into(),
            classifier: "/bin/false".into(),
            inference: "/bin/false".into(),
            models: RunningModels {
                chat,
                classifier: folder.path().into(),
            },
            web_dist: folder.path().into(),
            content: folder.path().into(),
        };
        let options = StackOptions {
            port: PortChoice::Any,
            internal_ports: PortChoice::Any,
            data_dir: folder.path().join("data"),
            ready_timeout: Duration::from_secs(60),
            sink: Sink::Terminal,
            log_filter: None,
        };
        let mut stack = Stack::start(parts, &options).unwrap();
        let error = stack.run().await.unwrap_err().to_string();
        assert!(
            error.contains("ended (exit status: 1). Its last lines:"),
            "{error}"
        );
        stack.stop().await;
    }
}
