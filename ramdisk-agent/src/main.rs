//! Entry of the ramdisk agent.

#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use assay_agent::args::{self, Mode};
use assay_agent::{init, process};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    match args::parse(std::process::id(), &arguments) {
        Ok(Mode::Init) => init::run(),
        Ok(Mode::Report(line)) => process::report(&line),
        Ok(Mode::Print) => process::print(&mut std::io::stdout().lock()),
        Ok(Mode::Show(text)) => match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(text) => {
            let _ = writeln!(std::io::stderr(), "assay-agent: {text}");
            ExitCode::from(2)
        }
    }
}
