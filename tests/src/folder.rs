//! Where the workspace and the programs under test are.

use std::path::{Path, PathBuf};

/// The workspace's root.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap()
}

/// The `assay` binary: `ASSAY_BINARY`, or the one that was built beside the running test.
pub fn assay() -> PathBuf {
    binary("assay")
}

/// A program of the project by its name: beside `ASSAY_BINARY`, or beside the running test.
pub fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("ASSAY_BINARY").map_or_else(built, |assay| {
        let assay = PathBuf::from(assay);
        assay.parent().unwrap().to_owned()
    });
    let binary = folder.join(name);
    assert!(
        binary.exists(),
        "{} does not exist: run `cargo build --workspace --all-targets` first",
        binary.display()
    );
    binary
}

/// The folder of the profile that the running program was built with.
fn built() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    // Tests are one folder further down than programs.
    let is_test = folder.ends_with("deps");
    let profile = if is_test {
        folder.parent()
    } else {
        Some(folder)
    };
    profile.unwrap().to_owned()
}

/// The static agent: `ASSAY_AGENT`, or where `cargo xtask agent` puts it.
pub fn agent() -> PathBuf {
    let usual = "target/x86_64-unknown-linux-gnu/agent/assay-agent";
    let agent = std::env::var_os("ASSAY_AGENT").map_or_else(|| root().join(usual), PathBuf::from);
    assert!(
        agent.exists(),
        "{} does not exist: run `cargo xtask agent` first",
        agent.display()
    );
    agent
}

/// The folder that cargo builds into.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The folder with the packages that `cargo xtask test` makes.
pub fn packages() -> PathBuf {
    let usual = std::env::var_os("ASSAY_PACKAGES");
    let folder = usual.map_or_else(|| target().join("package/dev"), PathBuf::from);
    assert!(
        folder.exists(),
        "{} does not exist: run `cargo xtask package --profile dev` first",
        folder.display()
    );
    folder
}

/// A program of the Python environment that `cargo xtask test` installs.
pub fn python_tool(name: &str) -> PathBuf {
    installed("ASSAY_PYTOOLS", "target/pytools")
        .join("bin")
        .join(name)
}

/// The folder with the `node_modules` that `cargo xtask test` installs.
pub fn javascript_tools() -> PathBuf {
    installed("ASSAY_JSTOOLS", "target/jstools")
}

fn installed(variable: &str, usual: &str) -> PathBuf {
    let folder = std::env::var_os(variable).map_or_else(|| root().join(usual), PathBuf::from);
    assert!(
        folder.exists(),
        "{} does not exist: `cargo xtask test` installs it",
        folder.display()
    );
    folder
}
