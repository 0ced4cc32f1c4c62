//! `cargo xtask up`: models, builds, web, then the three services, until Ctrl-C.
//!
//! Comes in: the command line; goes out: a running product and, alone on its line on standard output,
//! `ready http://127.0.0.1:PORT`. The services' own lines go to standard error with their names before them.

mod alone;
mod health;
mod layout;
mod output;
mod ports;
mod revival;
mod service;
mod stack;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(crate) use self::{
    alone::{Alone, measure},
    layout::Parts,
    output::Sink,
    ports::PortChoice,
    stack::{Stack, StackOptions},
};
use crate::{
    cargo,
    cli::UpArgs,
    lock::{self, Attempt, Lock},
    models, web,
    workspace::{self, Workspace},
};

/// Runs the command until a signal or until the gateway ends.
pub(crate) fn run(workspace: &Workspace, args: &UpArgs) -> Result<()> {
    let data_dir = match &args.data_dir {
        Some(folder) => workspace::absolute(folder)?,
        None => Workspace::default_data_dir()?,
    };
    // Both are asked first: nothing is built or started for a run that cannot succeed.
    let _lock = lock_data_dir(&data_dir)?;
    ports::require_free(args.port)?;
    let parts = build_parts(workspace, &args.llm, !args.no_web_build)?;
    let options = StackOptions {
        port: PortChoice::Exactly(args.port),
        internal_ports: PortChoice::From,
        data_dir,
        ready_timeout: Duration::from_secs(args.ready_timeout),
        sink: Sink::Terminal,
        log_filter: None,
    };
    runtime()?.block_on(serve(parts, &options))
}

/// Prepares everything that a stack consists of: models, programs, bundle.
pub(crate) fn build_parts(workspace: &Workspace, llm: &str, build_web: bool) -> Result<Parts> {
    cargo::build_programs(workspace, &["gateway", "classifier-svc", "trainer"])?;
    let models = models::for_running(workspace, llm)?;
    let inference = cargo::build_inference(workspace)?;
    let web_dist = if build_web {
        web::build(workspace)?
    } else {
        web::existing(workspace)?
    };
    Ok(Parts {
        gateway: workspace.program("gateway"),
        classifier: workspace.program("classifier-svc"),
        inference,
        models,
        web_dist,
        content: workspace.root.join("content"),
    })
}

/// A runtime on this thread only: on Linux a service is told to stop when the thread that started it ends, and this
/// one ends with the program.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

async fn serve(parts: Parts, options: &StackOptions) -> Result<()> {
    let mut stop = StopSignals::listen()?;
    let mut stack = Stack::start(parts, options)?;
    let ended = tokio::select! {
        result = stack.run() => result,
        () = stop.next() => Ok(()),
    };
    eprintln!("stopping; press Ctrl-C again to stop at once");
    tokio::select! {
        () = stack.stop() => {}
        () = stop.next() => stack.kill().await,
    }
    ended
}

/// SIGINT and SIGTERM, heard from the moment this exists.
pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Starts to listen; call it inside a runtime.
    pub(crate) fn listen() -> Result<Self> {
        let hear = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: hear(SignalKind::interrupt())?,
            terminate: hear(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn lock_data_dir(data_dir: &Path) -> Result<Lock> {
    match lock::attempt(&data_dir.join("up.lock"))? {
        Attempt::Taken(lock) => Ok(lock),
        Attempt::Held { holder, .. } => bail!(
            "{} already runs on {}; stop it, or pass another --data-dir and --port",
            lock::describe(holder),
            data_dir.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_up_on_the_same_data_is_refused_at_once_with_the_process_id() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock_data_dir(folder.path()).unwrap();
        let error = lock_data_dir(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("process {}", std::process::id())),
            "{error}"
        );
        drop(first);
        lock_data_dir(folder.path()).unwrap();
    }
}
