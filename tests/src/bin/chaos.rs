//! The chaos run as a command: see `assay_tests::chaos`.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a developer's terminal; a failure must end it loudly"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use assay_tests::arena::{self, Files};
use assay_tests::chaos::{self, Options};

const USAGE: &str = "\
usage: assay-chaos [--introspections N] [--kills N] [--machines N] [--at-a-time N]
                   [--apis N] [--workers N] [--seed N] [--logs FOLDER]";

fn main() -> ExitCode {
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

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut machines = None;
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("{name} needs a value"))?;
        let number = || {
            let parsed = value.parse::<usize>().ok().filter(|number| *number > 0);
            parsed.ok_or_else(|| format!("{name}: '{value}' is not a number above zero"))
        };
        match name.as_str() {
            "--introspections" => options.introspections = number()?,
            "--kills" => options.kills = number()?,
            "--machines" => machines = Some(number()?),
            "--at-a-time" => options.at_a_time = number()?,
            "--apis" => options.apis = number()?,
            "--workers" => options.workers = number()?,
            "--seed" => options.seed = number()? as u64,
            "--logs" => options.logs = Some(PathBuf::from(value)),
            other => return Err(format!("there is no option '{other}'")),
        }
    }
    // Each machine is introspected about four times.
    options.machines = machines.unwrap_or_else(|| (options.introspections / 4).clamp(20, 1000));
    Ok(options)
}
