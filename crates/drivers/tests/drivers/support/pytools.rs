//! The Python environment with the emulators that others wrote.
//!
//! `ASSAY_PYTOOLS` names one; else it is `target/pytools`, shared by all tests, and made when it is
//! missing. A test that needs it fails when it cannot be made: it is never skipped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of the environment, after making sure that the package which has it is there.
pub(crate) fn tool(program: &str, package: &str) -> PathBuf {
    let folder = folder();
    let path = folder.join("bin").join(program);
    if !path.exists() {
        install(&folder, package);
    }
    assert!(path.exists(), "{package} has no {program}");
    path
}

fn folder() -> PathBuf {
    std::env::var_os("ASSAY_PYTOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pytools"),
        PathBuf::from,
    )
}

/// Installs a package, one process at a time.
fn install(folder: &Path, package: &str) {
    let parent = folder.parent().unwrap();
    fs::create_dir_all(parent).unwrap();
    let lock = File::create(parent.join("pytools.lock")).unwrap();
    lock.lock().unwrap();
    if !folder.join("bin/pip").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder));
    }
    run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", package]));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} (Debian: apt install python3-venv) cannot be run: {error}")
    });
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
