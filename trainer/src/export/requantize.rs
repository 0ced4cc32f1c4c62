//! Rewrites the weight matrices of a GGUF file in another quantisation. Metadata stays as it is, so
//! the tokenizer and the chat template travel along; vectors (norms, biases) keep their type.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Seek},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use candle_core::{
    Device,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{self, Content, TensorInfo, Value},
    },
};
use clap::ValueEnum;

use crate::{files, progress};

/// The quantisations that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TargetType {
    /// 8 bits a weight in blocks of 32 with one scale: nearly lossless, the fastest on a CPU.
    #[value(name = "q8_0")]
    Q8_0,
}

impl TargetType {
    const fn dtype(self) -> GgmlDType {
        match self {
            Self::Q8_0 => GgmlDType::Q8_0,
        }
    }

    /// The number of `general.file_type` in the GGUF specification.
    const fn file_type(self) -> u32 {
        match self {
            Self::Q8_0 => 7,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Tensors written in the new type.
    pub converted: usize,
    /// Tensors written as they were.
    pub kept: usize,
}

/// Reads `from`, writes `to`.
///
/// # Errors
/// A file that is missing, truncated or no GGUF; a disk that refuses. `to` is then as it was.
pub fn requantize(from: &Path, to: &Path, target: TargetType) -> Result<Summary> {
    let file = File::open(from).with_context(|| format!("cannot open {}", from.display()))?;
    let length = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let content = Content::read(&mut reader)
        .with_context(|| format!("{} is not a readable GGUF file", from.display()))?;
    let infos = in_file_order(&content);
    check_length(&content, length, from)?;

    let bar = progress::bar(infos.len(), "requantise");
    let mut tensors = Vec::with_capacity(infos.len());
    let mut summary = Summary {
        converted: 0,
        kept: 0,
    };
    for (name, info) in infos {
        let tensor = read_tensor(&content, info, &mut reader)
            .with_context(|| format!("cannot read tensor {name}"))?;
        if should_convert(info, target.dtype()) {
            let plain = tensor.dequantize(&Device::Cpu)?;
            tensors.push((name, QTensor::quantize(&plain, target.dtype())?));
            summary.converted += 1;
        } else {
            tensors.push((name, tensor));
            summary.kept += 1;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();

    let metadata = metadata(&content, target);
    let metadata: Vec<_> = metadata.iter().map(|(k, v)| (*k, v)).collect();
    let tensors: Vec<_> = tensors.iter().map(|(k, v)| (*k, v)).collect();
    files::write_atomically(to, |writer| {
        Ok(gguf_file::write(writer, &metadata, &tensors)?)
    })?;
    Ok(summary)
}

fn read_tensor<R: std::io::Read + Seek>(
    content: &Content,
    info: &TensorInfo,
    reader: &mut R,
) -> Result<QTensor> {
    Ok(info.read(reader, content.tensor_data_offset, &Device::Cpu)?)
}

/// Matrices are converted, unless they are in the wanted type or their rows do not fill whole
/// blocks.
fn should_convert(info: &TensorInfo, target: GgmlDType) -> bool {
    let dims = info.shape.dims();
    dims.len() >= 2
        && info.ggml_dtype != target
        && dims
            .last()
            .is_some_and(|width| width.is_multiple_of(target.block_size()))
}

fn in_file_order(content: &Content) -> Vec<(&str, &TensorInfo)> {
    let mut infos: Vec<_> = content
        .tensor_infos
        .iter()
        .map(|(name, info)| (name.as_str(), info))
        .collect();
    infos.sort_by_key(|(_, info)| info.offset);
    infos
}

/// A download that broke off is found before an hour of work, with a line that says so.
fn check_length(content: &Content, length: u64, from: &Path) -> Result<()> {
    for info in content.tensor_infos.values() {
        let blocks = info.shape.elem_count() / info.ggml_dtype.block_size();
        let bytes = u64::try_from(blocks * info.ggml_dtype.type_size())?;
        let needed = content.tensor_data_offset + info.offset + bytes;
        ensure!(
            needed <= length,
            "{} is truncated: {length} bytes, at least {needed} needed",
            from.display()
        );
    }
    Ok(())
}

fn metadata(content: &Content, target: TargetType) -> BTreeMap<&str, Value> {
    let mut metadata: BTreeMap<&str, Value> = content
        .metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    metadata.insert("general.file_type", Value::U32(target.file_type()));
    if metadata.contains_key("general.alignment") {
        // The writer aligns to 32 bytes whatever the source used.
        metadata.insert("general.alignment", Value::U32(32));
    }
    metadata
}
