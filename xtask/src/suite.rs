//! `cargo xtask test`: every check and every test of the project.

use std::time::Instant;

use crate::build;
use crate::install;
use crate::package;
use crate::steps::{Outcome, cargo, step};

/// Runs everything, or with filters only the tests that nextest selects by them.
pub(crate) fn run(args: &[String]) -> Outcome {
    let began = Instant::now();
    let may_install = !args.iter().any(|arg| arg == "--no-install");
    let filters: Vec<&String> = args.iter().filter(|arg| *arg != "--no-install").collect();
    let tools = install::everything(may_install)?;
    if filters.is_empty() {
        step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
        let deny = [
            "deny",
            "--all-features",
            "check",
            "licenses",
            "bans",
            "sources",
        ];
        step("dependencies", &mut cargo(&deny))?;
    }
    let agent = build::agent()?;
    // All targets at once: the same features as the tests, so that nothing is built twice, and
    // the `assay` binary beside them.
    step(
        "build",
        &mut cargo(&["build", "--workspace", "--all-targets"]),
    )?;
    if filters.is_empty() {
        let clippy = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        step("clippy", &mut cargo(&clippy))?;
        let mut doc = cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ]);
        step("documentation", doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    let mut tests = cargo(&["nextest", "run", "--workspace"]);
    if filters.is_empty() || filters.iter().any(|filter| filter.contains("package")) {
        tests.env("ASSAY_PACKAGES", package::for_tests(&agent)?);
    }
    tests.args(filters);
    tests.env("ASSAY_PYTOOLS", tools.python);
    tests.env("ASSAY_JSTOOLS", tools.javascript);
    tests.env("ASSAY_AGENT", agent);
    step("tests", &mut tests)?;
    println!("== everything: {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}
