//! Measures the guards: cases come in, each goes through the real input guard (and, when asked, the real model
//! and output guard), and a report with one line of JSON goes out. The release gate reads the same report.

pub mod cases;
pub mod dialogues;
pub mod evidence;
pub mod first_sentence;
pub mod gate;
pub mod generate;
pub mod personas;
pub mod pipeline;
pub mod released;
pub mod report;
pub mod suites;
