//! The programs: `assay` (the all-in-one server, the demo, the simulator and the operator's commands), and
//! `assay-api` and `assay-worker`, of which a fleet has as many as it needs.
#![forbid(unsafe_code)]

mod args;
mod assembly;
mod cloud;
mod commands;
mod config;
mod demo;
mod error;
mod keystone;
mod logging;
mod notify;
mod owner;
mod server;
mod signals;

use std::process::ExitCode;

use clap::Parser;

use args::{ApiArgs, Args, Command, WorkerArgs};
use error::Error;
use server::Roles;

/// The program `assay`.
pub fn assay() -> ExitCode {
    let args = Args::parse();
    complete("assay", dispatch(args))
}

/// The program `assay-api`: serves the API, and leaves the work to the workers.
pub fn assay_api() -> ExitCode {
    let ApiArgs { common, serve } = ApiArgs::parse();
    complete("assay-api", async move {
        commands::serve::run(&common, serve, Roles::API).await
    })
}

/// The program `assay-worker`: works on tasks, and serves no API.
pub fn assay_worker() -> ExitCode {
    let WorkerArgs { common, listen } = WorkerArgs::parse();
    complete("assay-worker", async move {
        commands::work::run(&common, listen).await
    })
}

fn complete(program: &str, work: impl Future<Output = Result<(), Error>>) -> ExitCode {
    match run(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "the last word of a command")]
            {
                eprintln!("{program}: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    // The first provider that is installed stays; there is no other in this process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("assay")
        .build()
        .map_err(Error::io("runtime"))?;
    let ended = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ended
}

async fn dispatch(args: Args) -> Result<(), Error> {
    let Args { common, command } = args;
    match command {
        Command::Serve(serve) => commands::serve::run(&common, serve, Roles::ALL).await,
        Command::Demo(demo) => demo::run(&common, demo).await,
        Command::Simulate(simulate) => commands::simulate::run(simulate).await,
        Command::Status { json } => commands::status::run(&common, json).await,
        Command::User(user) => commands::user::run(&common, user).await,
        Command::Ramdisk(ramdisk) => commands::ramdisk::run(&common, ramdisk),
        Command::Migrate => commands::database::migrate(&common).await,
        Command::Backup { file } => commands::database::backup(&common, &file).await,
        Command::Restore { file } => commands::database::restore(&common, &file).await,
        Command::RotateKey => commands::database::rotate_key(&common).await,
        Command::Openapi { output } => commands::openapi::run(&output),
    }
}
