//! From the compiler's .wasm to what a browser loads: wasm-bindgen, then wasm-opt where there is one.
//!
//! wasm-bindgen is a library here, so that its version is the one in Cargo.lock and nothing is downloaded.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::workspace::{self, Workspace};

/// The glue script that [`bind`] writes.
pub(super) const SCRIPT_FILE: &str = "web.js";
/// The module that [`bind`] writes; [`SCRIPT_FILE`] loads it by this name.
pub(super) const WASM_FILE: &str = "web_bg.wasm";

/// What current browsers have and the Rust target emits. Named one by one: `--all-features` would let the optimiser
/// use what they lack.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Writes the script and the module for `compiled` into `folder`.
pub(super) fn bind(compiled: &Path, folder: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .out_name("web")
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(false)
        .web(true)?
        .generate(folder)
        .context("wasm-bindgen failed")
}

/// wasm-opt on PATH, or the one that `npm ci` in tests/browser brings.
pub(super) fn find_optimiser(workspace: &Workspace) -> Option<PathBuf> {
    workspace::find_program("wasm-opt").or_else(|| {
        let npm = workspace
            .root
            .join("tests/browser/node_modules/.bin/wasm-opt");
        (npm.is_file() && workspace::find_program("node").is_some()).then_some(npm)
    })
}

/// Makes the module smaller in place. Without an optimiser, or when it fails, the module stays as it is and a note
/// says so: a larger bundle works as well.
pub(super) fn optimise(optimiser: Option<&Path>, module: &Path) -> Result<()> {
    let Some(optimiser) = optimiser else {
        println!(
            "web: no wasm-opt found; the bundle is about twice as large. `npm ci` in tests/browser brings one"
        );
        return Ok(());
    };
    let smaller = module.with_extension("opt");
    let status = Command::new(optimiser)
        .arg("-Oz")
        .args(FEATURES)
        .arg(module)
        .arg("-o")
        .arg(&smaller)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        println!(
            "web: {} failed; the bundle is left as it is",
            optimiser.display()
        );
        return Ok(());
    }
    fs::rename(&smaller, module).context("cannot replace the module by the optimised one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_optimiser_leaves_the_module_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let module = folder.path().join(WASM_FILE);
        fs::write(&module, "module").unwrap();
        optimise(Some(Path::new("/bin/false")), &module).unwrap();
        optimise(None, &module).unwrap();
        assert_eq!(fs::read(&module).unwrap(), b"module");
    }
}
