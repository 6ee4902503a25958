//! The `assay` binary: the all-in-one server, the demo and the operator's commands.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod config;
mod demo;
mod error;
mod logging;
mod server;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use error::Error;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "the last word of a command")]
            {
                eprintln!("assay: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Error> {
    // The first provider that is installed stays; there is no other in this process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("assay")
        .build()
        .map_err(Error::io("runtime"))?;
    let ended = runtime.block_on(dispatch(args));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ended
}

async fn dispatch(args: Args) -> Result<(), Error> {
    let Args { common, command } = args;
    match command {
        Command::Serve(serve) => commands::serve::run(&common, serve).await,
        Command::Demo(demo) => demo::run(&common, demo).await,
        Command::User(user) => commands::user::run(&common, user).await,
        Command::Ramdisk(ramdisk) => commands::ramdisk::run(ramdisk),
        Command::Migrate => commands::database::migrate(&common).await,
        Command::Backup { file } => commands::database::backup(&common, &file).await,
        Command::Restore { file } => commands::database::restore(&common, &file).await,
        Command::RotateKey => commands::database::rotate_key(&common).await,
        Command::Openapi { output } => commands::openapi::run(&output),
    }
}
