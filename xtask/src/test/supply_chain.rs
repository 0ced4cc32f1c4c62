//! What deny.toml says of the dependencies (places, licences, who may use what), and what is known against them.
//! Comes in: the workspace; goes out: a verdict, with a note where the advisory database could not be fetched.
//!
//! cargo-audit is not run beside it: it compares Cargo.lock with the same database of RustSec, takes more than twice as
//! long to build, and also reports what is locked and never built (such as `rsa`, for a database that sqlx is built
//! without).

use std::{os::unix::process::CommandExt, process::Stdio, time::Duration};

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{process, time::timeout};

use crate::{cargo, up, workspace::Workspace};

/// For cloning the database, some ten megabytes. A network that drops packets would keep git waiting for much longer.
const FETCH_LIMIT: Duration = Duration::from_secs(120);

/// Runs every check. The note says what could not be checked.
pub(super) fn run(workspace: &Workspace) -> Result<Option<String>> {
    let mut rules = cargo::command(workspace);
    rules.args(["deny", "check", "bans", "licenses", "sources"]);
    cargo::run(
        &mut rules,
        "the rules of deny.toml (a new crate or licence needs a line there)",
    )?;
    let mut fetch = cargo::command(workspace);
    fetch.args(["deny", "fetch", "db"]);
    if let Err(reason) = up::runtime()?.block_on(fetched(fetch, FETCH_LIMIT)) {
        let note = format!("skipped: the advisory database cannot be fetched ({reason})");
        println!("{note}");
        return Ok(Some(note));
    }
    let mut advisories = cargo::command(workspace);
    advisories.args(["deny", "--offline", "check", "advisories"]);
    cargo::run(
        &mut advisories,
        "the advisories (update the crate; deny.toml takes exceptions with a reason)",
    )?;
    Ok(None)
}

/// Runs a command that fetches; the error is one line for people.
async fn fetched(mut command: std::process::Command, limit: Duration) -> Result<(), String> {
    // Its own group, because git runs below it and would outlive it.
    command
        .process_group(0)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = process::Command::from(command)
        .spawn()
        .map_err(|error| error.to_string())?;
    let group = child
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    match timeout(limit, child.wait_with_output()).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => Err(reason(&String::from_utf8_lossy(&output.stderr))),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            if let Some(group) = group {
                // SIGTERM, so that git removes what it has cloned in part. It may have ended meanwhile.
                let _ = kill_process_group(group, Signal::TERM);
            }
            Err(format!("no answer within {} s", limit.as_secs()))
        }
    }
}

/// The last thing that was said: git's own words come after those of who called it.
fn reason(errors: &str) -> String {
    errors
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())
        .map_or("no reason given", |line| {
            line.strip_prefix("fatal: ").unwrap_or(line)
        })
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_database_out_of_reach_is_told_in_gits_own_words() {
        let script = "echo '[ERROR] failed to clone:' >&2; \
                      echo 'fatal: unable to access https://h/: Could not resolve host: h' >&2; echo >&2; exit 1";
        assert_eq!(
            fetched(shell(script), FETCH_LIMIT).await,
            Err("unable to access https://h/: Could not resolve host: h".to_owned())
        );
        assert_eq!(fetched(shell("true"), FETCH_LIMIT).await, Ok(()));
    }

    #[tokio::test]
    async fn a_network_that_never_answers_is_given_up() {
        let limit = Duration::from_millis(50);
        let told = fetched(shell("sleep 600 & wait"), limit).await.unwrap_err();
        assert!(told.starts_with("no answer within"), "{told}");
    }

    #[test]
    fn silence_is_a_reason_too() {
        assert_eq!(reason("\n \n"), "no reason given");
    }
}
