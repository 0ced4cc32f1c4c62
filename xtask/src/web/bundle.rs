//! The files of the bundle: hashed names, CSS in one file, index.html filled in, everything compressed beside it.
//!
//! Comes in: web/ (index.html, style/, static/) and wasm-bindgen's output; goes out: a folder with index.html, what
//! static/ holds, and assets/. A name in assets/ holds its content's hash, so a browser may keep it for ever. The
//! gateway fills in what differs per answer: `{{nonce}}` stays.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::wasm::{SCRIPT_FILE, WASM_FILE};
use crate::hashing;

const HASH_LETTERS: usize = 16;
/// Not worth compressing again.
const COMPRESSED: [&str; 6] = ["png", "jpg", "webp", "avif", "woff2", "br"];

/// A written file and its sizes, for the report.
struct Written {
    name: String,
    bytes: usize,
    brotli: usize,
}

/// Writes the whole bundle into the new folder `result`; returns one line for each asset.
pub(super) fn write(web: &Path, bound: &Path, result: &Path) -> Result<Vec<String>> {
    let assets = result.join("assets");
    fs::create_dir_all(&assets).with_context(|| format!("cannot make {}", assets.display()))?;
    let wasm = asset(&assets, "web_bg", "wasm", &read(&bound.join(WASM_FILE))?)?;
    let glue = String::from_utf8(read(&bound.join(SCRIPT_FILE))?)
        .context("the glue script is not UTF-8")?;
    ensure!(
        glue.contains(WASM_FILE),
        "the glue script does not load {WASM_FILE}"
    );
    let glue = asset(
        &assets,
        "bindgen",
        "js",
        glue.replace(WASM_FILE, &wasm.name).as_bytes(),
    )?;
    let entry = format!("import start from \"./{}\";\nstart();\n", glue.name);
    let entry = asset(&assets, "web", "js", entry.as_bytes())?;
    let css = asset(
        &assets,
        "style",
        "css",
        stylesheet(&web.join("style"))?.as_bytes(),
    )?;
    // Scripts that crates bring along are imported by the glue script under fixed paths.
    copy_tree(&bound.join("snippets"), &assets.join("snippets"))?;
    copy_tree(&web.join("static"), result)?;
    let template =
        String::from_utf8(read(&web.join("index.html"))?).context("index.html is not UTF-8")?;
    let url = |written: &Written| format!("/assets/{}", written.name);
    let page = fill(
        &template,
        &[
            ("css", url(&css)),
            ("js", url(&entry)),
            ("bindgen", url(&glue)),
            ("wasm", url(&wasm)),
        ],
    )?;
    fs::write(result.join("index.html"), page).context("cannot write index.html")?;
    let report = |file: Written| {
        format!(
            "{:<28} {:>8} bytes, {:>7} in brotli",
            file.name, file.bytes, file.brotli
        )
    };
    Ok([wasm, glue, entry, css].into_iter().map(report).collect())
}

/// Replaces the placeholders; the page must name the style sheet and the script, the others may be left out.
fn fill(template: &str, values: &[(&str, String)]) -> Result<String> {
    for required in ["css", "js"] {
        ensure!(
            template.contains(&placeholder(required)),
            "index.html has no {}",
            placeholder(required)
        );
    }
    Ok(values
        .iter()
        .fold(template.to_owned(), |page, (name, value)| {
            page.replace(&placeholder(name), value)
        }))
}

fn placeholder(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// All style sheets in the order of their names.
fn stylesheet(folder: &Path) -> Result<String> {
    let mut files = Vec::new();
    hashing::collect_files(folder, &mut files)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "css"));
    files.sort();
    ensure!(
        !files.is_empty(),
        "there is no style sheet in {}",
        folder.display()
    );
    let mut text = String::new();
    for file in files {
        let part =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        text.push_str(part.trim_end());
        text.push('\n');
    }
    Ok(text)
}

fn asset(folder: &Path, stem: &str, extension: &str, content: &[u8]) -> Result<Written> {
    let hash = hashing::sha256_of_bytes(content);
    let name = format!("{stem}-{}.{extension}", &hash[..HASH_LETTERS]);
    let brotli = write_compressed(&folder.join(&name), content)?;
    Ok(Written {
        name,
        bytes: content.len(),
        brotli,
    })
}

/// Writes `path` and, beside it, `path.br`; returns the size of the latter.
fn write_compressed(path: &Path, content: &[u8]) -> Result<usize> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters)
        .context("brotli failed")?;
    let mut name = path.as_os_str().to_owned();
    name.push(".br");
    fs::write(PathBuf::from(name), &compressed)
        .with_context(|| format!("cannot write {}.br", path.display()))?;
    Ok(compressed.len())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    let mut files = Vec::new();
    hashing::collect_files(from, &mut files)?;
    for file in files {
        let target = to.join(file.strip_prefix(from).unwrap_or(&file));
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let extension = file
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if COMPRESSED.contains(&extension.as_str()) {
            fs::copy(&file, &target).with_context(|| format!("cannot copy {}", file.display()))?;
        } else {
            write_compressed(&target, &read(&file)?)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put(
            "web/index.html",
            "<link href={{css}}><script nonce={{nonce}} src={{js}}></script>",
        );
        put("web/style/20-b.css", "b{}");
        put("web/style/10-a.css", "a{}\n\n");
        put("web/static/icon.svg", "<svg/>");
        put("bound/web.js", "fetch('web_bg.wasm')");
        put("bound/web_bg.wasm", "module");
        root
    }

    fn write_to(root: &Path, name: &str) -> PathBuf {
        let result = root.join(name);
        write(&root.join("web"), &root.join("bound"), &result).unwrap();
        result
    }

    fn find(result: &Path, start: &str) -> (String, String) {
        let entry = fs::read_dir(result.join("assets"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let path = entry
            .into_iter()
            .find(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                name.starts_with(start) && !name.ends_with(".br")
            })
            .unwrap();
        (
            path.file_name().unwrap().display().to_string(),
            fs::read_to_string(path).unwrap(),
        )
    }

    #[test]
    fn the_page_names_hashed_files_that_load_each_other_and_keeps_the_nonce() {
        let root = sources();
        let result = write_to(root.path(), "dist");
        let page = fs::read_to_string(result.join("index.html")).unwrap();
        let (css_name, css) = find(&result, "style-");
        let (entry_name, entry) = find(&result, "web-");
        let (glue_name, glue) = find(&result, "bindgen-");
        let (wasm_name, _) = find(&result, "web_bg-");
        assert_eq!(css, "a{}\nb{}\n");
        assert_eq!(
            page,
            format!(
                "<link href=/assets/{css_name}><script nonce={{{{nonce}}}} src=/assets/{entry_name}></script>"
            )
        );
        assert!(entry.contains(&glue_name) && glue.contains(&wasm_name));
        assert!(result.join("icon.svg").is_file());
    }

    #[test]
    fn a_changed_module_changes_every_name_on_the_way_to_it() {
        let root = sources();
        let first = write_to(root.path(), "one");
        fs::write(root.path().join("bound/web_bg.wasm"), "other").unwrap();
        let second = write_to(root.path(), "two");
        for start in ["web_bg-", "bindgen-", "web-"] {
            assert_ne!(find(&first, start).0, find(&second, start).0);
        }
        assert_eq!(find(&first, "style-").0, find(&second, "style-").0);
    }

    #[test]
    fn the_compressed_file_holds_the_same_bytes() {
        let root = sources();
        let result = write_to(root.path(), "dist");
        let (name, css) = find(&result, "style-");
        let compressed = fs::read(result.join("assets").join(format!("{name}.br"))).unwrap();
        let mut restored = Vec::new();
        brotli::BrotliDecompress(&mut &compressed[..], &mut restored).unwrap();
        assert_eq!(restored, css.as_bytes());
    }

    #[test]
    fn a_page_without_a_placeholder_for_the_script_is_refused() {
        let error = fill("<link href={{css}}>", &[]).unwrap_err().to_string();
        assert!(error.contains("{{js}}"), "{error}");
    }
}
