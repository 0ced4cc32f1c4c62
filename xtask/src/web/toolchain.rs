//! Compiling `web` for wasm32-unknown-unknown, by whichever way this machine has.
//!
//! First choice: the target of the installed toolchain, added with rustup when it can be. Otherwise, behind a closed
//! network: Debian's rustc-web with its library source (rust-web-src), which builds the standard library itself; its
//! linker is the rust-lld of the installed toolchain, because Debian's own wasm-ld is too old to trust.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    cargo,
    workspace::{self, Workspace},
};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
/// The oldest Debian compiler that is tried: the workspace's `rust-version`.
const OLDEST_MINOR: u32 = 94;

/// How the target is provided.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// The toolchain has the target's library.
    Installed,
    /// Debian's compiler with `-Zbuild-std` and this linker.
    Debian { linker: PathBuf },
}

/// Compiles `web` and returns the .wasm file.
pub(super) fn compile(workspace: &Workspace) -> Result<PathBuf> {
    let way = choose(workspace)?;
    let folder = workspace.target.join("wasm");
    let mut build = cargo::command(workspace);
    build
        .args([
            "build",
            "-p",
            "web",
            "--profile",
            "web",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(&folder);
    if let Way::Debian { linker } = &way {
        println!("web: compiling with Debian's rustc-web");
        build
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", DEBIAN_RUSTC)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    cargo::run(&mut build, "compiling the web front end")?;
    Ok(folder.join(TARGET).join("web/web.wasm"))
}

/// The compiler of the installed toolchain.
pub(super) fn rustc(workspace: &Workspace) -> Command {
    let mut command = Command::new("rustc");
    command.current_dir(&workspace.root);
    command
}

fn choose(workspace: &Workspace) -> Result<Way> {
    let ask = |arguments: &[&str]| {
        cargo::read(
            rustc(workspace).args(arguments),
            "asking rustc about itself",
        )
    };
    let installed = ask(&["--print", "target-libdir", "--target", TARGET])?;
    if Path::new(&installed).is_dir() {
        return Ok(Way::Installed);
    }
    let debian = debian_is_usable(workspace);
    // A rustup that cannot reach its server fails late; where Debian's way is ready, it is not asked.
    if !debian && add_target() {
        return Ok(Way::Installed);
    }
    if !debian {
        bail!(
            "the compiler for {TARGET} is missing. Either of these brings it: \
             `rustup target add {TARGET}`, or on Debian `apt-get install rustc-web rust-web-src`"
        );
    }
    let verbose = ask(&["-vV"])?;
    let host = host_triple(&verbose).context("rustc -vV names no host")?;
    let linker =
        Path::new(&ask(&["--print", "sysroot"])?).join(format!("lib/rustlib/{host}/bin/rust-lld"));
    if !linker.is_file() {
        bail!("the linker is missing: there is no {}", linker.display());
    }
    Ok(Way::Debian { linker })
}

fn add_target() -> bool {
    let Some(rustup) = workspace::find_program("rustup") else {
        return false;
    };
    println!("web: adding {TARGET} with rustup");
    Command::new(rustup)
        .args(["target", "add", TARGET])
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

fn debian_is_usable(workspace: &Workspace) -> bool {
    if !Path::new(DEBIAN_SOURCE).is_file() || !Path::new(DEBIAN_RUSTC).is_file() {
        return false;
    }
    let mut command = Command::new(DEBIAN_RUSTC);
    command
        .current_dir(&workspace.root)
        .env_remove("LD_LIBRARY_PATH")
        .arg("--version");
    cargo::read(&mut command, "asking Debian's rustc for its version")
        .is_ok_and(|version| minor_version(&version).is_some_and(|minor| minor >= OLDEST_MINOR))
}

/// The 96 of `rustc 1.96.0 (...)`.
fn minor_version(text: &str) -> Option<u32> {
    text.strip_prefix("rustc 1.")?
        .split('.')
        .next()?
        .parse()
        .ok()
}

fn host_triple(verbose: &str) -> Option<&str> {
    verbose.lines().find_map(|line| line.strip_prefix("host: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_the_host_are_read_from_what_rustc_prints() {
        assert_eq!(
            minor_version("rustc 1.96.0 (ac68faa20 2026-05-25)"),
            Some(96)
        );
        assert_eq!(minor_version("rustc 1.63.0 (Debian)"), Some(63));
        assert_eq!(minor_version("clang 14"), None);
        assert_eq!(
            host_triple("rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\n"),
            Some("x86_64-unknown-linux-gnu")
        );
    }
}
