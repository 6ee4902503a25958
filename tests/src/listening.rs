//! Starts a program that says on its standard output where it listens.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a program may take until it listens.
const LIMIT: Duration = Duration::from_mins(1);

/// Starts it, with its standard error at the end of `log`; gives the lines of its standard output,
/// which are read also when nobody wants them.
pub(crate) fn spawn(command: &mut Command, log: &Path) -> (Child, mpsc::Receiver<String>) {
    let log = File::options().create(true).append(true).open(log).unwrap();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    (child, receiver)
}

/// Waits for the line that says where it listens; gives the URL.
pub(crate) fn base(lines: &mpsc::Receiver<String>) -> Result<String, mpsc::RecvTimeoutError> {
    loop {
        if let Some(base) = lines.recv_timeout(LIMIT)?.strip_prefix("listening on ") {
            return Ok(base.trim().to_owned());
        }
    }
}
