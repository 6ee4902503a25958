//! A child process that dies with this one, in an own process group, its output handed to a listener.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::sync::{oneshot, watch};

/// Turns into the program unless the parent, whose number is given first, has died before its death could be noticed.
const UNLESS_ORPHANED: &str = r#"[ "$PPID" = "$0" ] && exec "$@""#;

/// A running child. Dropping it kills its process group.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    /// Held while the child is reaped, so that no signal goes to a stranger who got its number.
    reaped: Arc<Mutex<bool>>,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Child {
    /// Starts `program`; `listen` gets what it prints on both of its outputs.
    ///
    /// The kernel ends the child when the *thread* that started it ends, so the child gets a thread of its own, which
    /// stays until the child is gone.
    pub(crate) async fn spawn(
        program: OsString,
        arguments: Vec<OsString>,
        listen: impl FnMut(&[u8]) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (started, start) = oneshot::channel();
        let (exited, exit) = watch::channel(None);
        let reaped = Arc::new(Mutex::new(false));
        let flag = Arc::clone(&reaped);
        std::thread::Builder::new()
            .name("machine".to_owned())
            .spawn(move || match launch(program, arguments) {
                Ok((child, output)) => {
                    let _ = started.send(Ok(Pid::from_child(&child)));
                    follow(child, output, listen, &flag, &exited);
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })?;
        let pid = start.await.map_err(std::io::Error::other)??;
        Ok(Self { pid, reaped, exit })
    }

    /// Ends the whole process group at once.
    pub(crate) fn kill(&self) {
        let reaped = self.reaped.lock();
        if !*reaped {
            // Only "no such process" can come back, and that is what is wanted.
            let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
        }
    }

    /// The process number, which is also that of its group.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// How the child ended; `None` while it runs.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits until the child has ended.
    pub(crate) async fn wait(&self) {
        // An error means that the thread is gone, and with it the child.
        let _ = self.exit.clone().wait_for(Option::is_some).await;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(
    program: OsString,
    arguments: Vec<OsString>,
) -> std::io::Result<(std::process::Child, std::io::PipeReader)> {
    let (output, input) = std::io::pipe()?;
    let child = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "sh", "-c", UNLESS_ORPHANED])
        .arg(std::process::id().to_string())
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input)
        .process_group(0)
        .spawn()?;
    Ok((child, output))
}

fn follow(
    mut child: std::process::Child,
    mut output: std::io::PipeReader,
    mut listen: impl FnMut(&[u8]),
    reaped: &Mutex<bool>,
    exited: &watch::Sender<Option<ExitStatus>>,
) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        listen(&buffer[..length]);
    }
    // A grandchild may keep the pipe open or the child may close it early: the end of output is not the end.
    let _ = rustix::process::waitid(
        WaitId::Pid(Pid::from_child(&child)),
        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
    );
    let mut done = reaped.lock();
    let status = child.wait().unwrap_or_default();
    *done = true;
    drop(done);
    exited.send_replace(Some(status));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (OsString, Vec<OsString>) {
        ("sh".into(), vec!["-c".into(), script.into()])
    }

    async fn run(script: &str) -> (Child, Arc<Mutex<Vec<u8>>>) {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&printed);
        let (program, arguments) = shell(script);
        let child = Child::spawn(program, arguments, move |bytes| {
            copy.lock().extend_from_slice(bytes);
        })
        .await
        .unwrap();
        (child, printed)
    }

    #[tokio::test]
    async fn output_and_status_are_seen() {
        let (child, printed) = run("echo out; echo err >&2; exit 3").await;
        child.wait().await;
        assert_eq!(child.status().unwrap().code(), Some(3));
        assert_eq!(printed.lock().as_slice(), b"out\nerr\n");
        child.kill();
    }

    #[tokio::test]
    async fn a_kill_takes_the_whole_group() {
        let (child, printed) = run("sleep 1000 & echo $!; wait").await;
        while printed.lock().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let grandchild: u32 = String::from_utf8(printed.lock().clone())
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        child.kill();
        child.wait().await;
        assert!(!is_running(child.pid()));
        let gone = async {
            while is_running(grandchild) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), gone)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_missing_program_ends_with_a_status() {
        let child = Child::spawn("/no/such/program".into(), Vec::new(), |_| {})
            .await
            .unwrap();
        child.wait().await;
        assert!(!child.status().unwrap().success());
    }

    /// A process that was killed but whose parent has not noticed yet does not run any more.
    fn is_running(pid: u32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    }
}
