//! PostgreSQL's own programs, run as a user whom they accept.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assay_domain::{Error, Result};

/// The superuser of every test cluster.
pub(super) const OWNER: &str = "assay";

/// Where the server's programs are, and how they are run.
pub(super) struct Programs {
    /// The folder with `initdb` and `postgres`.
    pub(super) folder: PathBuf,
    /// The number of this process's user.
    pub(super) user: u32,
}

impl Programs {
    /// The newest installed ones.
    pub(super) fn find() -> Result<Self> {
        let folder = newest().ok_or_else(|| {
            Error::internal(
                "PostgreSQL's initdb is not in /usr/lib/postgresql/*/bin: \
                 install the Debian package postgresql",
            )
        })?;
        let user = std::fs::metadata("/proc/self")
            .map_err(Error::internal)?
            .uid();
        Ok(Self { folder, user })
    }

    /// The command prefix that makes a program run as another user than root, whom the server
    /// refuses; empty for everybody else.
    pub(super) fn prefix(&self) -> &'static [&'static str] {
        if self.user == 0 {
            &[
                "setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--init-groups",
            ]
        } else {
            &[]
        }
    }

    /// One of the programs, to be given arguments.
    pub(super) fn command(&self, program: &str) -> Command {
        let path = self.folder.join(program);
        let mut command = match self.prefix().split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(path);
                command
            }
            None => Command::new(path),
        };
        command.current_dir("/");
        command
    }

    /// Makes an empty cluster in `data`, in place of one that was there.
    pub(super) fn init(&self, data: &Path) -> Result<()> {
        if data.exists() {
            std::fs::remove_dir_all(data).map_err(Error::internal)?;
        }
        std::fs::create_dir(data).map_err(Error::internal)?;
        if self.user == 0 {
            run(Command::new("chown").arg("postgres:postgres").arg(data))?;
        }
        run(self
            .command("initdb")
            .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust"])
            .args(["--username", OWNER, "--pgdata"])
            .arg(data))
    }
}

/// The folder of the newest installed server's programs.
fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").exists().then_some((version, folder))
        })
        .collect::<Vec<_>>();
    found.sort();
    found.pop().map(|(_, folder)| folder)
}

/// Runs a command to its end; its output goes into the error when it fails. It may leave a server
/// behind, which must not hold this process's output open.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let log = tempfile::tempfile().map_err(Error::internal)?;
    let copy = log.try_clone().map_err(Error::internal)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(Error::internal)?)
        .stderr(copy)
        .status()
        .map_err(|error| Error::internal(format!("{command:?}: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let text = read_again(log).unwrap_or_default();
    Err(Error::internal(format!("{command:?}: {status}: {text}")))
}

fn read_again(mut log: File) -> std::io::Result<String> {
    use std::io::{Read, Seek};
    let mut text = String::new();
    log.rewind()?;
    log.read_to_string(&mut text)?;
    Ok(text)
}
