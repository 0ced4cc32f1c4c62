//! Measures a loaded folder: `cargo run --release -p encoder --example speed -- <folder>`. Prints
//! the fastest and the median time of a few batches.

use std::{error::Error, io::Write, time::Instant};

use encoder::Encoder;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: speed <folder>")?;
    let encoder = Encoder::load(folder)?;
    for (words, texts) in [(10, 1), (46, 1), (46, 16), (510, 1), (510, 4)] {
        let text = vec!["people"; words].join(" ");
        let batch = vec![text.as_str(); texts];
        let tokens = encoder
            .encode(&batch[..1])?
            .first()
            .map_or(0, |t| t.ids.len());
        let mut times = Vec::new();
        for _ in 0..(240 / texts).clamp(10, 60) {
            let started = Instant::now();
            encoder.embed(&batch)?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let (fastest, median) = (times[0], times[times.len() / 2]);
        writeln!(
            std::io::stdout(),
            "{texts:>2} texts of {tokens} tokens: {fastest:.1} ms, median {median:.1} ms"
        )?;
    }
    Ok(())
}
