//! Where training computes.

use anyhow::{Context, Result};
use candle_core::Device;
use clap::ValueEnum;

/// Where to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeviceChoice {
    /// The first GPU when the trainer was built for CUDA, otherwise the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The first GPU.
    Cuda,
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    /// A GPU is asked for and there is none.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto => Ok(Device::cuda_if_available(0)?),
            Self::Cuda => Device::new_cuda(0)
                .context("no GPU: build with `--features cuda` on a machine that has one"),
        }
    }
}
