//! One service as a child process: started in its own process group, asked to stop with SIGTERM, killed when it does
//! not.
//!
//! Its own group keeps the terminal's Ctrl-C away from it, so that this program decides the order. Should this program
//! itself be killed, nothing of it can run any more: therefore, where the system has `setpriv`, the kernel is told to
//! send the service SIGTERM when its parent ends.

use std::{ffi::OsString, path::PathBuf, process::ExitStatus, process::Stdio, time::Duration};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use super::output::{Output, Sink};
use crate::workspace;

/// What to start.
#[derive(Debug, Clone)]
pub(crate) struct ServiceCommand {
    /// Shown before its lines and in errors.
    pub(crate) name: &'static str,
    /// The program's path.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
}

/// A started service; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    child: Child,
    output: Output,
    pumps: Vec<JoinHandle<()>>,
}

impl Service {
    /// Starts the program.
    pub(crate) fn start(command: &ServiceCommand, sink: &Sink) -> Result<Self> {
        let name = command.name;
        let output = Output::open(name, sink)?;
        let mut child = guarded(&command.program)
            .args(&command.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name} ({})", command.program.display()))?;
        let mut pumps = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            pumps.push(tokio::spawn(output.clone().pump(pipe)));
        }
        if let Some(pipe) = child.stderr.take() {
            pumps.push(tokio::spawn(output.clone().pump(pipe)));
        }
        Ok(Self {
            name,
            child,
            output,
            pumps,
        })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended, when it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("cannot ask for the state of {}", self.name))
    }

    /// Sends SIGTERM and waits up to `limit`, then kills.
    pub(crate) async fn stop(&mut self, limit: Duration) {
        if let Some(id) = self.id() {
            // It may have ended by itself meanwhile; waiting finds that out.
            let _ = kill_process(id, Signal::TERM);
        }
        if timeout(limit, self.child.wait()).await.is_err() {
            eprintln!(
                "{} did not stop within {} s; killing it",
                self.name,
                limit.as_secs()
            );
        }
        self.kill().await;
    }

    /// Kills it, with everything it started, and collects its output.
    pub(crate) async fn kill(&mut self) {
        if let Some(id) = self.id() {
            let _ = kill_process_group(id, Signal::KILL);
        }
        let _ = self.child.wait().await;
        self.drain().await;
    }

    /// Its last lines; complete only after it ended.
    pub(crate) async fn last_lines(&mut self) -> Vec<String> {
        self.drain().await;
        self.output.last_lines()
    }

    /// Waits for the pipes to be read to their ends; not for long, because a grandchild may hold them open.
    async fn drain(&mut self) {
        for pump in &mut self.pumps.drain(..) {
            let stop = pump.abort_handle();
            if timeout(Duration::from_secs(1), pump).await.is_err() {
                stop.abort();
            }
        }
    }

    fn id(&self) -> Option<Pid> {
        self.child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
    }
}

/// A command that ends with this process where the system can do that.
fn guarded(program: &std::path::Path) -> Command {
    match workspace::find_program("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "TERM", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Service {
        let command = ServiceCommand {
            name: "gateway",
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
        };
        Service::start(&command, &Sink::Terminal).unwrap()
    }

    async fn first_line(service: &Service) {
        while service.output.last_lines().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn sigterm_lets_a_service_finish_what_it_does() {
        let mut service =
            shell("trap 'echo drained; exit 0' TERM; echo up; while :; do sleep 0.01; done");
        first_line(&service).await;
        service.stop(Duration::from_secs(20)).await;
        assert_eq!(service.last_lines().await, ["up", "drained"]);
    }

    #[tokio::test]
    async fn a_service_that_ignores_sigterm_is_killed() {
        let mut service = shell("trap '' TERM; echo up; while :; do sleep 0.01; done");
        first_line(&service).await;
        service.stop(Duration::from_millis(50)).await;
        let status = service.ended().unwrap().unwrap();
        assert!(!status.success());
    }

    #[tokio::test]
    async fn the_last_lines_of_a_service_that_failed_are_kept() {
        let mut service = shell("echo started; echo no model >&2; exit 64");
        let status = service.child.wait().await.unwrap();
        assert_eq!(status.code(), Some(64));
        let mut lines = service.last_lines().await;
        lines.sort();
        assert_eq!(lines, ["no model", "started"]);
    }

    #[tokio::test]
    async fn a_missing_program_is_an_error_not_a_silence() {
        let command = ServiceCommand {
            name: "gateway",
            program: "/nonexistent/gateway".into(),
            arguments: Vec::new(),
        };
        let mut service = match Service::start(&command, &Sink::Terminal) {
            Ok(service) => service,
            Err(error) => {
                assert!(error.to_string().contains("cannot start gateway"));
                return;
            }
        };
        assert!(!service.child.wait().await.unwrap().success());
    }
}
