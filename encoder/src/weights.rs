//! Tensors by name, as f32, with the shape that the configuration promises.

use std::{collections::HashMap, fs, io::ErrorKind, path::Path};

use candle_core::{DType, Device, Tensor, safetensors};

use crate::error::EncoderError;

/// All tensors of a folder.
pub(crate) struct Weights(HashMap<String, Tensor>);

/// Reads a whole file; a missing one has an error of its own.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, EncoderError> {
    fs::read(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            EncoderError::MissingFile(path.to_owned())
        }
        _ => EncoderError::Unreadable {
            path: path.to_owned(),
            source,
        },
    })
}

impl Weights {
    /// `model.safetensors`, and `heads.safetensors` when there is one.
    pub(crate) fn read(folder: &Path) -> Result<Self, EncoderError> {
        let mut weights = load(&folder.join("model.safetensors"))?;
        let heads = folder.join("heads.safetensors");
        if heads.exists() {
            weights.extend(load(&heads)?);
        }
        Ok(Self(weights))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The number of rows of a matrix.
    pub(crate) fn rows(&self, name: &str) -> Result<usize, EncoderError> {
        let missing = || EncoderError::MissingTensor(name.to_owned());
        let tensor = self.0.get(name).ok_or_else(missing)?;
        tensor.dims().first().copied().ok_or_else(missing)
    }

    /// A tensor as f32.
    pub(crate) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, EncoderError> {
        let tensor = self
            .0
            .get(name)
            .ok_or_else(|| EncoderError::MissingTensor(name.to_owned()))?;
        if tensor.dims() != shape {
            return Err(EncoderError::ShapeMismatch {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: tensor.dims().to_vec(),
            });
        }
        Ok(tensor.to_dtype(DType::F32)?)
    }

    /// A tensor as plain numbers, row after row.
    pub(crate) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EncoderError> {
        Ok(self.get(name, shape)?.flatten_all()?.to_vec1()?)
    }
}

fn load(path: &Path) -> Result<HashMap<String, Tensor>, EncoderError> {
    let bytes = read_file(path)?;
    safetensors::load_buffer(&bytes, &Device::Cpu).map_err(|error| EncoderError::InvalidWeights {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}
