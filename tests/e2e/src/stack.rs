//! Where the running product is, as `cargo xtask test` tells it.

use std::path::PathBuf;

/// Addresses of the running product.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Public port of the gateway.
    pub base_url: String,
    /// gRPC of the inference service.
    pub inference_url: String,
    /// gRPC of the classifier service.
    pub classifier_url: String,
    /// Admin ports of all three, gateway first.
    pub admin_urls: Vec<String>,
    /// One log file per service.
    pub log_dir: PathBuf,
}

#[allow(
    clippy::disallowed_methods,
    reason = "a test binary has no command line; the runner passes the addresses in variables"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Stack {
    /// The running product, or none with a printed reason when there is none.
    #[must_use]
    pub fn running() -> Option<Self> {
        let stack = Self::from_variables();
        if stack.is_none() {
            eprintln!("skipped: nothing runs; `cargo xtask test` starts the product for this test");
        }
        stack
    }

    fn from_variables() -> Option<Self> {
        Some(Self {
            base_url: variable("E2E_BASE_URL")?,
            inference_url: variable("E2E_INFERENCE_URL")?,
            classifier_url: variable("E2E_CLASSIFIER_URL")?,
            admin_urls: vec![
                variable("E2E_GATEWAY_ADMIN_URL")?,
                variable("E2E_INFERENCE_ADMIN_URL")?,
                variable("E2E_CLASSIFIER_ADMIN_URL")?,
            ],
            log_dir: variable("E2E_LOG_DIR")?.into(),
        })
    }

    /// Everything that the services have logged so far.
    ///
    /// # Errors
    /// A log file cannot be read.
    pub fn logs(&self) -> std::io::Result<Vec<(String, String)>> {
        let mut logs = Vec::new();
        for entry in std::fs::read_dir(&self.log_dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            logs.push((name, std::fs::read_to_string(entry.path())?));
        }
        Ok(logs)
    }
}
