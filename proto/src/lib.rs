//! The gRPC vocabulary between the gateway and the services, generated from the .proto files.
//! Nothing is written by hand here; documentation lives in the .proto files.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated code; its documentation and style belong to the generator"
)]

/// `inference.v1`: token streaming.
pub mod inference_v1 {
    tonic::include_proto!("inference.v1");
}

/// `classifier.v1`: labels with probabilities.
pub mod classifier_v1 {
    tonic::include_proto!("classifier.v1");
}

/// The encoded `FileDescriptorSet` of all services, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
