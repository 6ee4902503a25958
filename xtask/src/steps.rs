//! Runs other programs as named, timed steps.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The result of a step: an error is a sentence for the person at the terminal.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The workspace's root: the folder above this program's own package.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that started this program, to be run in the workspace's root.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    // What the outer cargo told this program of itself; build scripts that look at it would run
    // again, and all that depends on them would be built twice.
    for (name, _) in std::env::vars_os() {
        let of_this_package = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_CRATE_",
            "CARGO_BIN_",
        ];
        let name = name.to_string_lossy();
        if of_this_package.iter().any(|start| name.starts_with(start)) {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// Runs a command to its end and prints its name before and its time after.
pub(crate) fn step(name: &str, command: &mut Command) -> Outcome {
    println!("== {name}");
    let began = Instant::now();
    run(name, command)?;
    println!("== {name}: {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a command to its end; anything but exit code 0 is an error.
pub(crate) fn run(name: &str, command: &mut Command) -> Outcome {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed: {program} ended with {status}")),
        Err(error) => Err(format!("{name} failed: cannot run {program}: {error}")),
    }
}

/// Whether a command runs and ends with exit code 0; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
