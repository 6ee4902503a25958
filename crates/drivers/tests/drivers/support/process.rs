//! A program of others that runs for one test and ends with it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take until it is ready.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running program. Dropping it, or the death of the test, kills it.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program; what it prints goes to the file `log`.
    pub(crate) fn start<S: AsRef<OsStr>>(program: &Path, arguments: &[S], log: PathBuf) -> Self {
        let output = File::create(&log).unwrap();
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// What it has printed so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// How many lines so far contain this.
    pub(crate) fn lines_with(&self, text: &str) -> usize {
        self.log()
            .lines()
            .filter(|line| line.contains(text))
            .count()
    }

    /// Waits until `ready` finds what it looks for in what was printed; none when the program ends
    /// before that or takes too long.
    pub(crate) fn wait<T>(&mut self, ready: impl Fn(&str) -> Option<T>) -> Option<T> {
        let end = Instant::now() + START_LIMIT;
        while Instant::now() < end {
            if let Some(found) = ready(&self.log()) {
                return Some(found);
            }
            if self.child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        eprintln!("{}", self.log());
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
