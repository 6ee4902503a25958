//! One process under test that is killed and started again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, mpsc};

use crate::folder;
use crate::listening;
use crate::place::Place;

/// How a process is started, each time.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The binary's name beside the tests: `assay-api`.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Settings; nothing else that begins with `ASSAY_` reaches it.
    pub environment: Vec<(String, String)>,
    /// Where its log goes, over all its lives.
    pub log: PathBuf,
    /// The network that it lives in; this process's own when absent.
    pub place: Option<Arc<Place>>,
}

impl Launch {
    /// The command line.
    pub fn command(&self) -> Command {
        let binary = folder::binary(self.program);
        let mut command = match &self.place {
            Some(place) => place.command(binary),
            None => Command::new(binary),
        };
        command.args(&self.arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ASSAY_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A process and its command line. Dropping it kills it.
pub struct Program {
    launch: Launch,
    child: Option<Child>,
    starts: u32,
}

impl Program {
    /// A process that does not run yet.
    pub fn new(launch: Launch) -> Self {
        Self {
            launch,
            child: None,
            starts: 0,
        }
    }

    /// How it is started.
    pub fn launch(&self) -> &Launch {
        &self.launch
    }

    /// The same with other arguments, from the next start on.
    pub fn change(&mut self, change: impl FnOnce(&mut Launch)) {
        change(&mut self.launch);
    }

    /// Starts it and does not wait for anything; gives the lines of its standard output.
    pub fn spawn(&mut self) -> mpsc::Receiver<String> {
        let mut command = self.launch.command();
        let (child, lines) = listening::spawn(&mut command, &self.launch.log);
        self.starts += 1;
        self.child = Some(child);
        lines
    }

    /// Starts it and gives the URL that it listens on.
    pub fn start(&mut self) -> String {
        self.try_start().unwrap_or_else(|error| {
            let log = self.log_tail(60);
            panic!("{}: {error}\n{log}", self.launch.program)
        })
    }

    /// As [`Self::start`], for a process that may end at once, which is the error's text.
    pub fn try_start(&mut self) -> Result<String, String> {
        let lines = self.spawn();
        listening::base(&lines).map_err(|error| {
            let ended = self.ended();
            self.kill();
            format!("does not listen: {error}, {ended:?}")
        })
    }

    /// kill -9, and waits for the end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM; the end is to be waited for with [`Self::ended`].
    pub fn terminate(&self) {
        if let Some(pid) = self.pid() {
            let pid = pid.to_string();
            let status = Command::new("kill").args(["-TERM", &pid]).status();
            assert!(status.unwrap().success());
        }
    }

    /// Its process number while it has one.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How it ended, if it did so by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().unwrap()
    }

    /// How often it was started.
    pub fn starts(&self) -> u32 {
        self.starts
    }

    /// Where its log is.
    pub fn log(&self) -> &Path {
        &self.launch.log
    }

    /// The last lines of its log.
    pub fn log_tail(&self, lines: usize) -> String {
        let log = std::fs::read(&self.launch.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let skipped = log.lines().count().saturating_sub(lines);
        log.lines().skip(skipped).collect::<Vec<_>>().join("\n")
    }

    /// Resident memory in MiB; none while it does not run.
    pub fn resident_mib(&self) -> Option<f64> {
        resident_mib(self.pid()?)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The resident memory of a process in MiB; none for one that is gone.
pub fn resident_mib(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib = line.trim().trim_end_matches("kB").trim();
    Some(kib.parse::<f64>().ok()? / 1024.0)
}

/// The memory of a process and its children in MiB, what they share counted once (PSS).
pub fn family_mib(pid: u32) -> f64 {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let family = numbers.filter(|number| *number == pid || parent(*number) == Some(pid));
    family.filter_map(proportional_mib).sum()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; state and parent come after it.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn proportional_mib(pid: u32) -> Option<f64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib = line.trim().trim_end_matches("kB").trim();
    Some(kib.parse::<f64>().ok()? / 1024.0)
}
