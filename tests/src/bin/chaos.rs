//! The chaos runs as a command: see `assay_tests::chaos`.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a developer's terminal; a failure must end it loudly"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use assay_tests::arena::{self, Files};
use assay_tests::chaos::{self, BmcOptions, Options};

const USAGE: &str = "\
usage: assay-chaos [--introspections N] [--kills N] [--machines N] [--at-a-time N]
                   [--apis N] [--workers N] [--seed N] [--logs FOLDER]
       assay-chaos bmcs [--faults N] [--bmcs N] [--seed N]";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("bmcs") {
        return bmcs();
    }
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(complaint) => {
            println!("{complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let folder = match arena::enter(Files::Memory) {
        Ok(Ok(folder)) => folder,
        Ok(Err(status)) if status.success() => return ExitCode::SUCCESS,
        Ok(Err(_)) => return ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(chaos::run(options, &folder));
    print!("{}", report.text());
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Faults of BMCs; they need no arena.
fn bmcs() -> ExitCode {
    let options = match bmc_options(std::env::args().skip(2)) {
        Ok(options) => options,
        Err(complaint) => {
            println!("{complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(chaos::run_bmcs(options));
    print!("{}", report.text());
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn bmc_options(mut arguments: impl Iterator<Item = String>) -> Result<BmcOptions, String> {
    let mut options = BmcOptions::default();
    let mut bmcs = None;
    while let Some(name) = arguments.next() {
        let number = number(&name, arguments.next())?;
        match name.as_str() {
            "--faults" => options.faults = number,
            "--bmcs" => bmcs = Some(number),
            "--seed" => options.seed = number as u64,
            other => return Err(format!("there is no option '{other}'")),
        }
    }
    // Each has about fifty faults in a long run, and all kinds of them in a short one.
    options.bmcs = bmcs.unwrap_or_else(|| (options.faults / 50).clamp(60, 200));
    Ok(options)
}

/// The value of an option that is a number.
fn number(name: &str, value: Option<String>) -> Result<usize, String> {
    let value = value.ok_or_else(|| format!("{name} needs a value"))?;
    let parsed = value.parse::<usize>().ok().filter(|number| *number > 0);
    parsed.ok_or_else(|| format!("{name}: '{value}' is not a number above zero"))
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut machines = None;
    while let Some(name) = arguments.next() {
        let value = arguments.next();
        let number = || number(&name, value.clone());
        match name.as_str() {
            "--introspections" => options.introspections = number()?,
            "--kills" => options.kills = number()?,
            "--machines" => machines = Some(number()?),
            "--at-a-time" => options.at_a_time = number()?,
            "--apis" => options.apis = number()?,
            "--workers" => options.workers = number()?,
            "--seed" => options.seed = number()? as u64,
            "--logs" => {
                let folder = value.ok_or_else(|| format!("{name} needs a value"))?;
                options.logs = Some(PathBuf::from(folder));
            }
            other => return Err(format!("there is no option '{other}'")),
        }
    }
    // Each machine is introspected about four times.
    options.machines = machines.unwrap_or_else(|| (options.introspections / 4).clamp(20, 1000));
    Ok(options)
}
