//! GGUF in, GGUF out.

use std::{
    fs::{self, File},
    path::Path,
};

use candle_core::{
    Device, Tensor,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{self, Content, Value},
    },
};
use tempfile::TempDir;
use trainer::export::requantize::{Summary, TargetType, requantize};

fn matrix() -> Tensor {
    let values: Vec<f32> = (0..4 * 64)
        .map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0)
        .collect();
    Tensor::from_vec(values, (4, 64), &Device::Cpu).unwrap()
}

/// A matrix in Q4_1, a norm in F32, a matrix whose rows fill no block, and metadata of each kind.
fn write_source(path: &Path) {
    let small = Tensor::ones((4, 5), candle_core::DType::F32, &Device::Cpu).unwrap();
    let norm = Tensor::arange(0_f32, 64.0, &Device::Cpu).unwrap();
    let tensors = [
        (
            "blk.0.attn_q.weight",
            QTensor::quantize(&matrix(), GgmlDType::Q4_1).unwrap(),
        ),
        (
            "blk.0.attn_norm.weight",
            QTensor::quantize(&norm, GgmlDType::F32).unwrap(),
        ),
        (
            "small.weight",
            QTensor::quantize(&small, GgmlDType::F32).unwrap(),
        ),
    ];
    let tokens = ["<|im_start|>", "é", " a"].map(|token| Value::String(token.to_owned()));
    let metadata = [
        ("general.architecture", Value::String("llama".to_owned())),
        ("general.file_type", Value::U32(3)),
        ("general.alignment", Value::U32(32)),
        ("llama.rope.freq_base", Value::F32(1e5)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(false)),
        ("tokenizer.ggml.tokens", Value::Array(tokens.to_vec())),
    ];
    let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (*name, tensor))
        .collect();
    gguf_file::write(&mut File::create(path).unwrap(), &metadata, &tensors).unwrap();
}

fn source() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_source(&folder.path().join("in.gguf"));
    folder
}

#[test]
fn matrices_change_their_type_and_keep_their_values() {
    let folder = source();
    let (from, to) = (
        folder.path().join("in.gguf"),
        folder.path().join("new/out.gguf"),
    );
    let summary = requantize(&from, &to, TargetType::Q8_0).unwrap();
    assert_eq!(
        summary,
        Summary {
            converted: 1,
            kept: 2
        }
    );

    let mut file = File::open(&to).unwrap();
    let content = Content::read(&mut file).unwrap();
    let types = |name: &str| content.tensor_infos[name].ggml_dtype;
    assert_eq!(types("blk.0.attn_q.weight"), GgmlDType::Q8_0);
    assert_eq!(types("blk.0.attn_norm.weight"), GgmlDType::F32);
    assert_eq!(types("small.weight"), GgmlDType::F32);

    let mut original = File::open(&from).unwrap();
    let before = Content::read(&mut original).unwrap();
    let name = "blk.0.attn_q.weight";
    let read = |content: &Content, file: &mut File| -> Vec<f32> {
        let tensor = content.tensor(file, name, &Device::Cpu).unwrap();
        let plain = tensor.dequantize(&Device::Cpu).unwrap();
        plain.flatten_all().unwrap().to_vec1().unwrap()
    };
    let (before, after) = (read(&before, &mut original), read(&content, &mut file));
    for (before, after) in before.iter().zip(after) {
        // Half a step of 8 bits over a range of about 1.
        assert!((before - after).abs() < 0.005, "{before} became {after}");
    }
}

#[test]
fn metadata_stays_except_for_the_file_type() {
    let folder = source();
    let (from, to) = (
        folder.path().join("in.gguf"),
        folder.path().join("out.gguf"),
    );
    requantize(&from, &to, TargetType::Q8_0).unwrap();
    let read = |path: &Path| {
        let content = Content::read(&mut File::open(path).unwrap()).unwrap();
        let pairs = content.metadata.into_iter();
        let pairs = pairs.map(|(key, value)| (key, format!("{value:?}")));
        pairs.collect::<std::collections::BTreeMap<_, _>>()
    };
    let mut expected = read(&from);
    expected.insert("general.file_type".to_owned(), "U32(7)".to_owned());
    assert_eq!(read(&to), expected);
}

#[test]
fn a_truncated_file_is_refused_and_the_old_one_stays() {
    let folder = source();
    let (from, to) = (
        folder.path().join("in.gguf"),
        folder.path().join("out.gguf"),
    );
    fs::write(&to, "old").unwrap();
    let bytes = fs::read(&from).unwrap();
    for length in [0, 10, bytes.len() / 2, bytes.len() - 40] {
        fs::write(&from, &bytes[..length]).unwrap();
        let error = requantize(&from, &to, TargetType::Q8_0).unwrap_err();
        assert!(format!("{error:#}").contains("in.gguf"), "{error:#}");
    }
    assert_eq!(fs::read_to_string(&to).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
