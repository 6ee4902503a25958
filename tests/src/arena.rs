//! A place of its own for a whole fleet: namespaces in which nothing outlives its test.
//!
//! A program calls [`enter`] first. Outside, that runs the program again in new network, mount and
//! process namespaces and gives its exit code. Whatever the program starts there (servers, brokers,
//! their helpers, network cables, temporary files) is gone when it ends, even if it is killed: the
//! kernel ends every process of the namespace with its first one.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// Says inside where the arena's folder is.
const INSIDE: &str = "ASSAY_TEST_ARENA";

/// What an arena needs of its host.
const NEEDS: &str = "an arena needs root, and the Debian packages iproute2 and util-linux";

/// Runs its arguments and collects the processes that lose their parents: the first process of a
/// namespace has to. It does not become the program, which would not do that.
const FIRST: &str = r#""$@"; exit $?"#;

/// The addresses of an arena that belong to no cable: every one of 10.64.0.0 to 10.67.255.255 is
/// this host, as far as its places are concerned.
const ADDRESSES: &str = "10.64.0.0/14";

/// Where the arena's processes find the database.
pub const DATABASE: Ipv4Addr = Ipv4Addr::new(10, 65, 0, 1);
/// Where they find the broker.
pub const BROKER: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 1);
/// Where machines and callers find the API.
pub const FRONT: Ipv4Addr = Ipv4Addr::new(10, 67, 0, 1);

/// Where the files of an arena are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// In memory; they go with the arena.
    Memory,
    /// On the disk, for measurements; a killed program leaves them in the temporary folder.
    Disk,
}

/// Outside of an arena: runs this program with its arguments in one and gives how it ended.
/// Inside: prepares the network and gives the arena's folder.
///
/// # Errors
/// Says what is missing on a host where there can be no arena.
pub fn enter(files: Files) -> io::Result<Result<PathBuf, ExitStatus>> {
    match std::env::var_os(INSIDE) {
        Some(folder) => prepare(Path::new(&folder), files).map(Ok),
        None => run_inside().map(Err),
    }
}

fn run_inside() -> io::Result<ExitStatus> {
    let folder = tempfile::Builder::new().prefix("assay-arena-").tempdir()?;
    // The database's own user must come through.
    run("chmod", &["755", &folder.path().to_string_lossy()])?;
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "unshare", "--net", "--mount"])
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .args(["sh", "-c", FIRST, "arena"])
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, folder.path())
        .env("TMPDIR", folder.path())
        .status()
        .map_err(|error| io::Error::other(format!("setpriv, unshare: {error}; {NEEDS}")))
}

fn prepare(folder: &Path, files: Files) -> io::Result<PathBuf> {
    if files == Files::Memory {
        let target = folder.to_string_lossy();
        run(
            "mount",
            &["-t", "tmpfs", "-o", "mode=755", "tmpfs", &target],
        )?;
    }
    // Names of network namespaces are mounts too.
    std::fs::create_dir_all("/run/netns")?;
    run("mount", &["-t", "tmpfs", "tmpfs", "/run/netns"])?;
    ip("link set lo up")?;
    ip(&format!("route add local {ADDRESSES} dev lo"))?;
    Ok(folder.to_owned())
}

/// Runs `ip` with these words.
pub(crate) fn ip(words: &str) -> io::Result<()> {
    run("ip", &words.split(' ').collect::<Vec<_>>())
}

fn run(program: &str, arguments: &[&str]) -> io::Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| io::Error::other(format!("{program}: {error}; {NEEDS}")))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "{program} {}: {}; {NEEDS}",
        arguments.join(" "),
        complaint.trim()
    )))
}
