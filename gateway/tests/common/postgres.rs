//! A PostgreSQL cluster of our own: in a temporary folder, on a Unix socket, gone at the end.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// The account that runs the server when the tests run as root, which PostgreSQL refuses.
const ACCOUNT: &str = "postgres";

pub(crate) struct Cluster {
    binaries: PathBuf,
    folder: TempDir,
}

impl Cluster {
    /// None, with the reason on standard error, where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            eprintln!("skipped: PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let folder = tempfile::Builder::new()
            .prefix("pg")
            .tempdir_in("/tmp")
            .unwrap();
        let cluster = Self { binaries, folder };
        if is_root() {
            run(Command::new("chown")
                .arg(ACCOUNT)
                .arg(cluster.folder.path()));
        }
        let data = cluster.data();
        run(cluster.command("initdb").args([
            "--auth=trust",
            "--no-sync",
            "--username=postgres",
            "-D",
            &data,
        ]));
        cluster.up();
        Some(cluster)
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn up(&self) {
        let socket = self.folder.path().display();
        let options = format!("-c listen_addresses= -k {socket} -c fsync=off");
        let log = format!("{socket}/server.log");
        run(self.command("pg_ctl").args([
            "start",
            "-w",
            "-D",
            &self.data(),
            "-o",
            &options,
            "-l",
            &log,
        ]));
    }

    /// Stops the server as a crash would.
    #[allow(
        dead_code,
        reason = "only one of the test programs that share this file crashes it"
    )]
    pub(crate) fn down(&self) {
        run(self
            .command("pg_ctl")
            .args(["stop", "-m", "immediate", "-D", &self.data()]));
    }

    /// Makes a database and gives its URL.
    pub(crate) fn database(&self, name: &str) -> String {
        // PostgreSQL cuts names off at 63 bytes.
        let name = &name[..name.len().min(60)];
        let socket = self.folder.path().display().to_string();
        run(self
            .command("createdb")
            .args(["-h", &socket, "-U", "postgres", name]));
        format!("postgres://postgres@localhost/{name}?host={socket}")
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn command(&self, program: &str) -> Command {
        let program = self.binaries.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        let mut stop = self.command("pg_ctl");
        let _ = stop
            .args(["stop", "-m", "immediate", "-D", &data])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// Debian keeps the server's programs outside the path, in a folder a version.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .max()
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(Path::new("/proc/self")).unwrap()) == 0
}

fn run(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status();
    let status = output.unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
