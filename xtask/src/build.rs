//! Builds the static agent and the `assay` binary, and runs the demo and the benchmarks.

use std::path::PathBuf;

use crate::steps::{Outcome, cargo, root, run, step, target};

/// The one target that the ramdisk's agent is built for. Naming it keeps the flags of a static
/// build away from build scripts and procedural macros.
const AGENT_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the agent as a static binary and gives its path.
pub(crate) fn agent() -> Outcome<PathBuf> {
    let args = [
        "build",
        "--profile",
        "agent",
        "--target",
        AGENT_TARGET,
        "--package",
        "assay-agent",
    ];
    let mut command = cargo(&args);
    command.env("RUSTFLAGS", "-C target-feature=+crt-static");
    command.env_remove("CARGO_ENCODED_RUSTFLAGS");
    step("static agent", &mut command)?;
    Ok(target()
        .join(AGENT_TARGET)
        .join("agent")
        .join("assay-agent"))
}

/// Builds everything that the demo needs and becomes `assay demo`.
pub(crate) fn demo(args: &[String]) -> Outcome {
    let agent = agent()?;
    step("assay", &mut cargo(&["build", "--package", "assay-cli"]))?;
    let mut command = std::process::Command::new(target().join("debug").join("assay"));
    command.arg("demo").arg("--agent").arg(agent).args(args);
    run("assay demo", &mut command)
}

/// Builds with optimisation and runs the benchmark program.
pub(crate) fn bench(args: &[String]) -> Outcome {
    let agent = agent()?;
    let packages = [
        "build",
        "--release",
        "--package",
        "assay-cli",
        "--package",
        "assay-tests",
    ];
    step("release build", &mut cargo(&packages))?;
    let release = target().join("release");
    let mut command = std::process::Command::new(release.join("assay-bench"));
    command.current_dir(root());
    command.env("ASSAY_BINARY", release.join("assay"));
    command.env("ASSAY_AGENT", agent).args(args);
    step("benchmarks", &mut command)
}

/// Builds with optimisation and runs the chaos run; the logs of one that goes wrong are kept.
pub(crate) fn chaos(args: &[String]) -> Outcome {
    let packages = [
        "build",
        "--release",
        "--package",
        "assay-cli",
        "--package",
        "assay-tests",
    ];
    step("release build", &mut cargo(&packages))?;
    let release = target().join("release");
    let mut command = std::process::Command::new(release.join("assay-chaos"));
    command.current_dir(root());
    command.env("ASSAY_BINARY", release.join("assay"));
    if args.first().map(String::as_str) != Some("bmcs") {
        command.arg("--logs").arg(target().join("chaos"));
    }
    command.args(args);
    step("chaos", &mut command)
}
