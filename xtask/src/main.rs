//! The project's commands: `cargo xtask demo`, `test`, `bench` and `package`.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program speaks to a terminal"
)]

use std::process::ExitCode;

mod build;
mod install;
mod package;
mod steps;
mod suite;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [ARGS…]           build Assay and its agent, then run `assay demo ARGS…`
  test [--no-install] [FILTERS…]
                         install what the tests need, then run every check and test;
                         FILTERS are handed to nextest and leave out the other checks
  bench [ARGS…]          build with optimisation and run the benchmarks
  chaos [--introspections N] [--kills N] [--seed N] [OPTIONS…]
                         build with optimisation, then kill and cut off a fleet at work
                         again and again, and judge whether anything was lost
  chaos bmcs [--faults N] [--bmcs N] [--seed N]
                         the same with faults of BMCs, while power commands go to them
  package [--profile dev] [--no-build] [--no-install]
                         build the .deb and .rpm packages into target/package
  agent                  build the static agent and print its path
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let outcome = match command.as_str() {
        "demo" => build::demo(&rest),
        "test" => suite::run(&rest),
        "bench" => build::bench(&rest),
        "chaos" => build::chaos(&rest),
        "package" => package::command(&rest),
        "agent" => build::agent().map(|path| println!("{}", path.display())),
        "" | "help" | "-h" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("unknown command '{other}'\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
