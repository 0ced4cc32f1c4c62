//! The weights of a BERT in an ONNX file, by the names that they have in a safetensors file. Matrices that were
//! quantised to 8 bits (the only form in which some encoders are packaged) are turned back into f32.
//! Only what this needs of the format is described here: <https://onnx.ai/onnx/repo-docs/IR.html>.

use std::{collections::HashMap, fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use prost::Message;

/// Numbers of `TensorProto.DataType`.
const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "4")]
    op_type: String,
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    #[prost(int32, repeated, tag = "5")]
    int32_data: Vec<i32>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
}

/// All weights of the file: constants under their own names, and the second factor of each product under the
/// name of its node, `/encoder/layer.0/output/dense/MatMul` as `encoder.layer.0.output.dense.weight`.
///
/// # Errors
/// The file is missing or no ONNX model, or a weight is stored in a form that is not supported.
pub(super) fn weights(path: &Path) -> Result<HashMap<String, Tensor>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    read(&bytes).with_context(|| format!("{} is not an ONNX model of a BERT", path.display()))
}

fn read(bytes: &[u8]) -> Result<HashMap<String, Tensor>> {
    let graph = ModelProto::decode(bytes)?.graph;
    let graph = graph.context("it has no graph")?;
    let constants: HashMap<&str, &TensorProto> = graph
        .initializer
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor))
        .collect();
    let mut weights = HashMap::new();
    for (name, tensor) in &constants {
        if let Some(name) = name.strip_suffix("_quantized") {
            weights.insert(name.to_owned(), dequantised(name, &constants)?);
        } else if tensor.data_type == FLOAT {
            weights.insert((*name).to_owned(), plain(tensor)?);
        }
    }
    for node in &graph.node {
        let Some(factor) = node.input.get(1).filter(|_| is_product(node)) else {
            continue;
        };
        let factor = factor.strip_suffix("_quantized").unwrap_or(factor);
        // A product of two computed tensors (attention) has no constant.
        if let Some(weight) = weights.get(factor) {
            let weight = weight.t()?.contiguous()?;
            weights.insert(weight_name(node), weight);
        }
    }
    Ok(weights)
}

fn is_product(node: &NodeProto) -> bool {
    matches!(node.op_type.as_str(), "MatMul" | "MatMulInteger")
}

fn weight_name(node: &NodeProto) -> String {
    let path = node.name.trim_start_matches('/');
    let module = path.rsplit_once('/').map_or(path, |(module, _)| module);
    format!("{}.weight", module.replace('/', "."))
}

/// `(q − zero point) · scale`, with one scale for the tensor or one for each column.
fn dequantised(name: &str, constants: &HashMap<&str, &TensorProto>) -> Result<Tensor> {
    let part = |suffix: &str| {
        let name = format!("{name}_{suffix}");
        let tensor = constants.get(name.as_str()).copied();
        tensor.with_context(|| format!("it has no {name}"))
    };
    let scale = plain(part("scale")?)?;
    let zero = plain(part("zero_point")?)?;
    let values = plain(part("quantized")?)?;
    Ok(values.broadcast_sub(&zero)?.broadcast_mul(&scale)?)
}

/// The numbers as they are stored, as f32.
fn plain(tensor: &TensorProto) -> Result<Tensor> {
    let values: Vec<f32> = match (tensor.data_type, tensor.raw_data.is_empty()) {
        (FLOAT, true) => tensor.float_data.clone(),
        (FLOAT, false) => {
            let numbers = tensor.raw_data.as_chunks::<4>();
            ensure!(numbers.1.is_empty(), "{} is cut off", tensor.name);
            numbers.0.iter().map(|b| f32::from_le_bytes(*b)).collect()
        }
        (UINT8 | INT8, true) => tensor.int32_data.iter().map(|n| *n as f32).collect(),
        (UINT8, false) => tensor.raw_data.iter().map(|n| f32::from(*n)).collect(),
        (INT8, false) => {
            let signed = tensor.raw_data.iter().map(|n| n.cast_signed());
            signed.map(f32::from).collect()
        }
        (other, _) => bail!(
            "{} is stored as type {other}, not f32 or 8 bits",
            tensor.name
        ),
    };
    let shape = tensor.dims.iter().map(|size| usize::try_from(*size));
    let shape: Vec<usize> = shape
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} has a negative size", tensor.name))?;
    ensure!(
        shape.iter().product::<usize>() == values.len(),
        "{} is cut off",
        tensor.name
    );
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(name: &str, data_type: i32, dims: &[i64], raw_data: Vec<u8>) -> TensorProto {
        TensorProto {
            dims: dims.to_vec(),
            data_type,
            name: name.to_owned(),
            raw_data,
            ..TensorProto::default()
        }
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    fn model(initializer: Vec<TensorProto>) -> Vec<u8> {
        let node = |op_type: &str, name: &str, factor: &str| NodeProto {
            input: vec!["x".to_owned(), factor.to_owned()],
            name: name.to_owned(),
            op_type: op_type.to_owned(),
        };
        let graph = GraphProto {
            node: vec![
                node(
                    "MatMulInteger",
                    "/a/layer.0/dense/MatMul_quant",
                    "w_quantized",
                ),
                node("MatMul", "/a/layer.0/self/MatMul", "computed"),
            ],
            initializer,
        };
        ModelProto { graph: Some(graph) }.encode_to_vec()
    }

    #[test]
    fn eight_bits_with_a_scale_for_each_column_become_the_matrix_of_the_layer() {
        let found = read(&model(vec![
            constant("w_quantized", UINT8, &[2, 3], vec![10, 11, 12, 13, 14, 15]),
            constant("w_scale", FLOAT, &[3], floats(&[0.5, 1.0, 2.0])),
            constant("w_zero_point", UINT8, &[3], vec![10, 10, 12]),
            constant("a.bias", FLOAT, &[2], floats(&[1.5, -2.0])),
        ]))
        .unwrap();
        let weight = found["a.layer.0.dense.weight"].to_vec2::<f32>().unwrap();
        assert_eq!(weight, [[0.0, 1.5], [1.0, 4.0], [0.0, 6.0]]);
        assert_eq!(found["a.bias"].to_vec1::<f32>().unwrap(), [1.5, -2.0]);
        assert!(!found.contains_key("a.layer.0.self.weight"));
    }

    #[test]
    fn a_file_that_is_cut_off_or_of_another_kind_is_an_error() {
        let short = constant("a.bias", FLOAT, &[3], floats(&[1.5]));
        assert!(format!("{:#}", read(&model(vec![short])).unwrap_err()).contains("cut off"));
        let double = constant("w_quantized", 11, &[1], vec![0; 8]);
        let with_scale = vec![
            double,
            constant("w_scale", FLOAT, &[], floats(&[1.0])),
            constant("w_zero_point", INT8, &[], vec![0]),
        ];
        assert!(format!("{:#}", read(&model(with_scale)).unwrap_err()).contains("type 11"));
        assert!(read(b"no model at all").is_err());
    }
}
