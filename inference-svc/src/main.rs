//! The command line of the inference service: parse, set up telemetry, bind, run.

use std::process::ExitCode;

use inference_svc::{app, config::Config, error::StartError};

fn main() -> ExitCode {
    telemetry::privacy::protect();
    peer_tls::install_crypto_provider();
    let config = match Config::from_command_line() {
        Ok(config) => config,
        Err(code) => return code,
    };
    match start(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_usage() => telemetry::exit::usage_error(error),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(config: &Config) -> Result<(), StartError> {
    let tls = config.peer_tls.server_config()?;
    app::build_thread_pool(config.threads)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(StartError::Runtime)?;
    let outcome = runtime.block_on(async {
        let guard = telemetry::init("inference-svc", &config.quiet_telemetry())?;
        let shutdown = telemetry::shutdown::listen().map_err(StartError::Runtime)?;
        let listeners = app::Listeners::bind(config).await?;
        let readiness = telemetry::Readiness::default();
        let outcome = app::run(
            config,
            tls,
            listeners,
            readiness,
            Some(guard.metrics()),
            shutdown,
        )
        .await;
        guard.shutdown();
        outcome
    });
    // A load that was interrupted, or an engine thread that hangs, must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}
