//! Starts the gateway: parse, telemetry, listen, run.

use std::process::ExitCode;

use clap::Parser;
use gateway::{
    app::{self, AppError, Listeners},
    config::Config,
};
use telemetry::{TelemetryGuard, exit, shutdown};

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(error) if error.use_stderr() => {
            let _ = error.print();
            return ExitCode::from(exit::USAGE);
        }
        Err(help) => help.exit(),
    };
    telemetry::privacy::protect();
    let telemetry = match telemetry::init("gateway", &config.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => return exit::usage_error(error),
    };
    let outcome = run(config, &telemetry).await;
    telemetry.shutdown();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_configuration() => exit::usage_error(error),
        Err(error) => {
            tracing::error!(%error, "the gateway cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config, telemetry: &TelemetryGuard) -> Result<(), AppError> {
    let stop = shutdown::listen()?;
    let listeners = Listeners::bind(&config).await?;
    app::run(config, listeners, telemetry.metrics(), stop).await
}
