//! Structured logs on standard error.

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};
use crate::error::Error;

/// Starts logging as configured; `level` is a filter such as `info` or `assay_app=debug,warn`.
pub(crate) fn start(log: &LogConfig) -> Result<(), Error> {
    let (api, drivers) = (assay_api::QUIET, assay_drivers::QUIET);
    let filter = EnvFilter::try_new(format!("{api},{drivers},{}", log.level))
        .map_err(|error| Error::Config(format!("log.level: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
