//! Rewrites the weight matrices of a GGUF file in another quantisation, with or without a change to them.
//! Metadata stays as it is, so the tokenizer and the chat template travel along; vectors (norms, biases)
//! keep their type.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Seek},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use candle_core::{
    Device, Tensor,
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
    /// 4 bits a weight in blocks of 32 with one scale.
    #[value(name = "q4_0")]
    Q4_0,
    /// 4 bits a weight in blocks of 256 with scales of their own for parts; what a 7B model is served with.
    /// Matrices whose rows are no multiple of 256 become Q8_0.
    #[value(name = "q4_k")]
    Q4K,
    /// 32 bits a weight, for checks.
    #[value(name = "f32")]
    F32,
}

impl TargetType {
    const fn dtype(self) -> GgmlDType {
        match self {
            Self::Q8_0 => GgmlDType::Q8_0,
            Self::Q4_0 => GgmlDType::Q4_0,
            Self::Q4K => GgmlDType::Q4K,
            Self::F32 => GgmlDType::F32,
        }
    }

    /// The number of `general.file_type` in the GGUF specification.
    const fn file_type(self) -> u32 {
        match self {
            Self::Q8_0 => 7,
            Self::Q4_0 => 2,
            // "mostly Q4_K, small".
            Self::Q4K => 14,
            Self::F32 => 0,
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

/// A change to a matrix, given its name in the file and its values; nothing when it stays as it is.
pub type Change<'a> = &'a dyn Fn(&str, &Tensor) -> Result<Option<Tensor>>;

/// Reads `from`, writes `to`.
///
/// # Errors
/// A file that is missing, truncated or no GGUF; a disk that refuses. `to` is then as it was.
pub fn requantize(from: &Path, to: &Path, target: TargetType) -> Result<Summary> {
    rewrite(from, to, target, &|_, _| Ok(None))
}

/// As [`requantize`], after changing matrices.
///
/// # Errors
/// As [`requantize`], or the change fails.
pub fn rewrite(from: &Path, to: &Path, target: TargetType, change: Change<'_>) -> Result<Summary> {
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
        let converted = convert(name, info, &tensor, target, change)
            .with_context(|| format!("cannot convert tensor {name}"))?;
        match converted {
            Some(converted) => {
                tensors.push((name, converted));
                summary.converted += 1;
            }
            None => {
                tensors.push((name, tensor));
                summary.kept += 1;
            }
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

/// Matrices are converted, unless they are in the wanted type already and unchanged. A row that does not
/// fill whole blocks takes 8 bits instead; where that is not possible either the matrix keeps its type.
fn convert(
    name: &str,
    info: &TensorInfo,
    tensor: &QTensor,
    target: TargetType,
    change: Change<'_>,
) -> Result<Option<QTensor>> {
    let [_, .., width] = info.shape.dims() else {
        return Ok(None);
    };
    let fits = |dtype: &GgmlDType| width.is_multiple_of(dtype.block_size());
    let candidates = [target.dtype(), GgmlDType::Q8_0];
    let wanted = candidates.into_iter().find(fits).unwrap_or(info.ggml_dtype);
    let plain = tensor.dequantize(&Device::Cpu)?;
    let changed = change(name, &plain)?;
    if changed.is_none() && wanted == info.ggml_dtype {
        return Ok(None);
    }
    Ok(Some(QTensor::quantize(&changed.unwrap_or(plain), wanted)?))
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
