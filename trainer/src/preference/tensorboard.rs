//! TensorBoard's event files: scalars as protocol-buffer events in TFRecord frames, each with masked
//! CRC-32C sums (tensorflow/core/util/event.proto and tensorflow/core/lib/io/record_writer.cc).

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use prost::Message;

/// `Event` of event.proto, as far as scalars need it.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// An event file that grows.
pub struct EventFile {
    file: BufWriter<File>,
}

impl EventFile {
    /// Creates the file of a run that goes on after `step` updates; TensorBoard reads all files of a
    /// folder as one run.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn create(folder: &Path, step: usize) -> Result<Self> {
        let path = folder.join(format!("events.out.tfevents.{step:08}.trainer"));
        let file = File::create(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let mut events = Self {
            file: BufWriter::new(file),
        };
        events.write(&Event {
            wall_time: now(),
            step: 0,
            file_version: Some("brain.Event:2".to_owned()),
            summary: None,
        })?;
        Ok(events)
    }

    /// Adds one figure.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn scalar(&mut self, tag: &str, step: usize, value: f64) -> Result<()> {
        let scalar = Scalar {
            tag: tag.to_owned(),
            simple_value: value as f32,
        };
        self.write(&Event {
            wall_time: now(),
            step: i64::try_from(step)?,
            file_version: None,
            summary: Some(Summary {
                value: vec![scalar],
            }),
        })
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn flush(&mut self) -> Result<()> {
        Ok(self.file.flush()?)
    }

    fn write(&mut self, event: &Event) -> Result<()> {
        let data = event.encode_to_vec();
        let length = u64::try_from(data.len())?.to_le_bytes();
        self.file.write_all(&length)?;
        self.file.write_all(&masked_sum(&length).to_le_bytes())?;
        self.file.write_all(&data)?;
        Ok(self.file.write_all(&masked_sum(&data).to_le_bytes())?)
    }
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// A CRC turned by 15 bits plus a constant, so that a sum over data with sums in it stays useful.
fn masked_sum(data: &[u8]) -> u32 {
    crc32c::crc32c(data)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_framed_as_tensorflow_does() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = EventFile::create(folder.path(), 0).unwrap();
        events.scalar("train/loss", 3, 0.5).unwrap();
        events.flush().unwrap();
        let path = folder.path().join("events.out.tfevents.00000000.trainer");
        let bytes = std::fs::read(path).unwrap();
        let first = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
        let second = &bytes[12 + first + 4..];
        let length = usize::try_from(u64::from_le_bytes(second[..8].try_into().unwrap())).unwrap();
        assert_eq!(second[8..12], masked_sum(&second[..8]).to_le_bytes());
        let event = Event::decode(&second[12..12 + length]).unwrap();
        assert_eq!(event.step, 3);
        assert_eq!(event.summary.unwrap().value[0].tag, "train/loss");
        assert_eq!(second.len(), 12 + length + 4);
    }

    #[test]
    fn the_sum_is_the_one_of_the_castagnoli_polynomial() {
        // The check value of CRC-32C in RFC 3720 is e3069283.
        let expected = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked_sum(b"123456789"), expected);
    }
}
