//! The program `assay`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    assay_cli::assay()
}
