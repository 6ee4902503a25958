//! The operator's commands, one file each.

pub(crate) mod agent;
pub(crate) mod database;
pub(crate) mod openapi;
pub(crate) mod ramdisk;
pub(crate) mod serve;
pub(crate) mod simulate;
mod simulate_cloud;
pub(crate) mod status;
pub(crate) mod user;
pub(crate) mod work;

/// Prints a line for the user of a command.
#[allow(clippy::print_stdout, reason = "the commands' one way to speak")]
pub(crate) fn say(line: &str) {
    use std::io::Write;
    println!("{line}");
    let _ = std::io::stdout().flush();
}
