//! Converts model files into the layouts that the services load. Every conversion is atomic and
//! checks what it has written.

pub mod convert_encoder;
pub mod merge;
mod onnx;
pub mod requantize;
