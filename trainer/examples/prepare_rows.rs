//! How long `trainer prepare` takes and how much memory it needs: writes rows of random words to a temporary
//! folder, prepares them, and prints seconds, rows a second and the highest resident memory.
//!
//!     cargo run --example prepare_rows -- 1000000
#![allow(clippy::print_stdout, reason = "it is there to print")]

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use anyhow::{Context, Result};
use rand::{Rng, SeedableRng, rngs::StdRng};
use trainer::data::prepare::{PrepareOptions, prepare};

const CATEGORIES: [&str; 3] = ["CYBER-BULLYING", "social media addiction", "Isolation"];
const SEVERITIES: [&str; 3] = ["mild", "moderate", "severe"];

fn main() -> Result<()> {
    let rows = std::env::args()
        .nth(1)
        .map_or(Ok(100_000), |text| text.parse());
    let rows: usize = rows.context("the argument is the number of rows")?;
    let folder = tempfile::tempdir()?;
    let raw = folder.path().join("raw.jsonl");
    write_rows(&raw, rows)?;
    let options = PrepareOptions {
        from: vec![raw],
        test: Vec::new(),
        out: folder.path().join("prepared"),
        validation: 0.1,
        similarity: 0.6,
        classifier: None,
        seed: 1,
    };
    let started = Instant::now();
    prepare(&options, &mut std::io::stdout())?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{rows} rows in {seconds:.1} s, {:.0} rows/s, {} of memory at most",
        rows as f64 / seconds,
        highest_memory().unwrap_or_else(|| "unknown".to_owned())
    );
    Ok(())
}

fn write_rows(path: &Path, rows: usize) -> Result<()> {
    let mut random = StdRng::seed_from_u64(1);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for row in 0..rows {
        let mut words = |count: usize| -> String {
            let words = (0..count).map(|_| {
                let letters = (0..random.random_range(2..8))
                    .map(|_| char::from(random.random_range(b'a'..=b'z')));
                letters.collect::<String>()
            });
            words.collect::<Vec<_>>().join(" ")
        };
        let line = serde_json::json!({
            "prompt": words(30),
            "chat_response": words(50),
            "rejected_response": words(40),
            "category": CATEGORIES[row % 3],
            "severity": SEVERITIES[row / 3 % 3],
        });
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(())
}

/// As Linux counts it.
fn highest_memory() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
