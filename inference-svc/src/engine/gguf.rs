//! Reads the header of a GGUF file: enough to say what it is, and whether it is whole, before the
//! engine maps it. Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use super::LoadError;

/// Bounds for counts and lengths in the header; far above any real file, far below what a broken
/// length would make us allocate.
const MAX_ENTRIES: u64 = 1 << 16;
const MAX_ARRAY: u64 = 1 << 24;
const MAX_TEXT: u64 = 1 << 26;
const DEFAULT_ALIGNMENT: u64 = 32;

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct GgufHeader {
    /// For example "llama".
    pub(super) architecture: String,
    /// The type that most of the weights have, for example "Q8_0".
    pub(super) quantization: String,
    /// How text is split before byte-pair encoding, for example "smollm".
    pub(super) pre_tokenizer: Option<String>,
}

/// Reads and checks the header.
///
/// # Errors
/// The file cannot be read, is not GGUF, or ends before its last tensor.
pub(super) fn read_header(path: &Path) -> Result<GgufHeader, LoadError> {
    let read = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(read)?;
    let actual = file.metadata().map_err(read)?.len();
    check(path, BufReader::with_capacity(1 << 20, file), actual)
}

/// Parses a header and compares the length that it promises with the `actual` one.
fn check(path: &Path, inner: impl Read, actual: u64) -> Result<GgufHeader, LoadError> {
    let mut reader = Reader { inner, position: 0 };
    let (header, expected) = parse(&mut reader).map_err(|reason| LoadError::NotGguf {
        path: path.to_owned(),
        reason,
    })?;
    if actual < expected {
        return Err(LoadError::Truncated {
            path: path.to_owned(),
            expected,
            actual,
        });
    }
    Ok(header)
}

struct Reader<R> {
    inner: R,
    position: u64,
}

type Parsed<T> = Result<T, String>;

impl<R: Read> Reader<R> {
    fn bytes<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let mut bytes = [0; N];
        self.inner
            .read_exact(&mut bytes)
            .map_err(|error| end(&error))?;
        self.position += N as u64;
        Ok(bytes)
    }

    fn u32(&mut self) -> Parsed<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Parsed<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn count(&mut self, most: u64, what: &str) -> Parsed<u64> {
        let count = self.u64()?;
        if count > most {
            return Err(format!("its header claims {count} {what}"));
        }
        Ok(count)
    }

    fn text(&mut self) -> Parsed<String> {
        let length = self.count(MAX_TEXT, "bytes in one text")?;
        let mut bytes = Vec::new();
        let read = (&mut self.inner)
            .take(length)
            .read_to_end(&mut bytes)
            .map_err(|error| end(&error))?;
        self.position += read as u64;
        if (read as u64) < length {
            return Err("its header is cut off".to_owned());
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn skip(&mut self, length: u64) -> Parsed<()> {
        let skipped = io::copy(&mut (&mut self.inner).take(length), &mut io::sink())
            .map_err(|error| end(&error))?;
        self.position += skipped;
        if skipped < length {
            return Err("its header is cut off".to_owned());
        }
        Ok(())
    }

    /// Reads a value; only texts and integers are of interest, the rest is passed over.
    fn value(&mut self, kind: u32) -> Parsed<Value> {
        let skip = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4 => return self.u32().map(|number| Value::Number(u64::from(number))),
            10 => return self.u64().map(Value::Number),
            5 | 6 => 4,
            11 | 12 => 8,
            8 => return self.text().map(Value::Text),
            9 => {
                let element = self.u32()?;
                let length = self.count(MAX_ARRAY, "elements in one array")?;
                for _ in 0..length {
                    self.value(element)?;
                }
                return Ok(Value::Other);
            }
            other => return Err(format!("its header has a value of unknown type {other}")),
        };
        self.skip(skip)?;
        Ok(Value::Other)
    }
}

enum Value {
    Text(String),
    Number(u64),
    Other,
}

fn end(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        "its header is cut off".to_owned()
    } else {
        error.to_string()
    }
}

/// The header, and the length that the file must have.
fn parse<R: Read>(reader: &mut Reader<R>) -> Parsed<(GgufHeader, u64)> {
    if &reader.bytes::<4>()? != b"GGUF" {
        return Err("it does not begin with the letters GGUF".to_owned());
    }
    let version = reader.u32()?;
    if !(2..=3).contains(&version) {
        return Err(format!("version {version} is not supported"));
    }
    let tensors = reader.count(MAX_ENTRIES, "tensors")?;
    let entries = reader.count(MAX_ENTRIES, "entries")?;
    let mut header = GgufHeader::default();
    let mut alignment = DEFAULT_ALIGNMENT;
    for _ in 0..entries {
        let key = reader.text()?;
        let kind = reader.u32()?;
        match (key.as_str(), reader.value(kind)?) {
            ("general.architecture", Value::Text(text)) => header.architecture = text,
            ("tokenizer.ggml.pre", Value::Text(text)) => header.pre_tokenizer = Some(text),
            ("general.alignment", Value::Number(number)) if number > 0 => alignment = number,
            _ => {}
        }
    }
    if header.architecture.is_empty() {
        return Err("it does not name its architecture".to_owned());
    }
    let (end_of_data, types) = tensor_table(reader, tensors)?;
    header.quantization = types
        .into_iter()
        .max_by_key(|&(_, bytes)| bytes)
        .map_or_else(|| "unknown".to_owned(), |(name, _)| name.to_owned());
    let data_start = reader.position.div_ceil(alignment) * alignment;
    Ok((header, data_start.saturating_add(end_of_data)))
}

/// Where the last tensor ends, relative to the data, and the bytes that each type takes.
fn tensor_table<R: Read>(
    reader: &mut Reader<R>,
    tensors: u64,
) -> Parsed<(u64, BTreeMap<&'static str, u64>)> {
    let mut end_of_data = 0;
    let mut types = BTreeMap::new();
    for _ in 0..tensors {
        let name = reader.text()?;
        let dimensions = reader.u32()?;
        if dimensions > 8 {
            return Err(format!("tensor {name} has {dimensions} dimensions"));
        }
        let mut elements = 1_u64;
        for _ in 0..dimensions {
            elements = elements.saturating_mul(reader.u64()?);
        }
        let kind = reader.u32()?;
        let offset = reader.u64()?;
        let (type_name, block, bytes) =
            tensor_type(kind).ok_or_else(|| format!("tensor {name} has unknown type {kind}"))?;
        let size = (elements / block).saturating_mul(bytes);
        end_of_data = end_of_data.max(offset.saturating_add(size));
        *types.entry(type_name).or_insert(0) += size;
    }
    Ok((end_of_data, types))
}

/// Name, elements per block and bytes per block of a tensor type (ggml.h).
fn tensor_type(kind: u32) -> Option<(&'static str, u64, u64)> {
    Some(match kind {
        0 => ("F32", 1, 4),
        1 => ("F16", 1, 2),
        2 => ("Q4_0", 32, 18),
        3 => ("Q4_1", 32, 20),
        6 => ("Q5_0", 32, 22),
        7 => ("Q5_1", 32, 24),
        8 => ("Q8_0", 32, 34),
        9 => ("Q8_1", 32, 36),
        10 => ("Q2_K", 256, 84),
        11 => ("Q3_K", 256, 110),
        12 => ("Q4_K", 256, 144),
        13 => ("Q5_K", 256, 176),
        14 => ("Q6_K", 256, 210),
        15 => ("Q8_K", 256, 292),
        30 => ("BF16", 1, 2),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
