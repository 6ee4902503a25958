//! The program `assay-api`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    assay_cli::assay_api()
}
