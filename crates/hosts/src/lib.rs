//! What Assay does on the operating system of a node, over a shell that somebody else opens.
//!
//! Each action is one file here and one shell script in `scripts`. A script is a fixed text; values
//! come to it on its standard input, one a line, and are never put into it. It may be run again at any
//! time: it looks first, changes only what is not as wanted, keeps what was there, and checks afterwards
//! what it did. Its exit code is 0, [`LACKS`] when the host has not what the action works on, or
//! [`REFUSED`] when the host's own checker refused the new configuration, and the former one is in force.
#![forbid(unsafe_code)]

mod cpu_mode;
mod error;
mod log_redirection;
mod settings;
mod snmp;
mod ssh;
mod updates;

use std::time::Duration;

use assay_domain::host::{HostAction, HostDoor, HostShell, Script, ScriptEnd};

pub use error::HostError;
pub use settings::{HostSettings, LogProtocol, SnmpSettings};

/// The exit code of a script on a host that lacks what the action works on.
const LACKS: u32 = 64;
/// The exit code of a script whose change was taken back.
const REFUSED: u32 = 65;

/// How long what is no update may take.
const LIMIT: Duration = Duration::from_secs(120);

/// What an action did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the host is another one than before.
    pub changed: bool,
    /// What the host said, for people.
    pub report: Vec<String>,
}

/// Carries out an action on a host. Safe to repeat.
///
/// # Errors
/// What the host lacks or refuses, or how the connection failed.
pub async fn carry_out(
    door: &dyn HostDoor,
    action: &HostAction,
    settings: &HostSettings,
) -> Result<Outcome, HostError> {
    if let HostAction::Ssh(wanted) = action {
        return ssh::set(door, *wanted, settings).await;
    }
    let shell = door.open().await?;
    let done = on_shell(shell.as_ref(), action, settings).await;
    shell.close().await;
    done
}

async fn on_shell(
    shell: &dyn HostShell,
    action: &HostAction,
    settings: &HostSettings,
) -> Result<Outcome, HostError> {
    match action {
        HostAction::Snmp(wanted) => snmp::set(shell, *wanted, settings).await,
        HostAction::LogRedirection(wanted) => {
            log_redirection::set(shell, wanted.as_deref(), settings).await
        }
        HostAction::CpuMode(wanted) => cpu_mode::set(shell, wanted.as_ref()).await,
        HostAction::UpdateSystem => updates::install(shell).await,
        HostAction::Ssh(_) => Err(HostError::Malformed),
    }
}

/// Runs a script, and tells a bad end from a good one.
async fn run(
    shell: &dyn HostShell,
    text: &'static str,
    input: &str,
) -> Result<ScriptEnd, HostError> {
    run_for(shell, text, input, LIMIT).await
}

async fn run_for(
    shell: &dyn HostShell,
    text: &'static str,
    input: &str,
    limit: Duration,
) -> Result<ScriptEnd, HostError> {
    let end = shell.run(Script { text, limit }, input).await?;
    match end.code {
        0 => Ok(end),
        LACKS => Err(HostError::Lacks(end.complaint)),
        REFUSED => Err(HostError::Refused(end.complaint)),
        code => Err(HostError::Failed {
            code,
            complaint: end.complaint,
        }),
    }
}

/// What a script that prints `changed` or `unchanged` on its last line did.
fn outcome(end: &ScriptEnd) -> Result<Outcome, HostError> {
    let mut lines: Vec<String> = end.printed.lines().map(str::to_owned).collect();
    match lines.pop().as_deref().map(str::trim) {
        Some("changed") => Ok(Outcome {
            changed: true,
            report: lines,
        }),
        Some("unchanged") => Ok(Outcome {
            changed: false,
            report: lines,
        }),
        _ => Err(HostError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_can_be_quoted() {
        for text in [
            cpu_mode::READ,
            cpu_mode::WRITE,
            log_redirection::SET,
            log_redirection::CLEAR,
            snmp::ENABLE,
            snmp::DISABLE,
            ssh::RESTRICT,
            ssh::CONFIRM,
            ssh::RELEASE,
            updates::INSTALL,
        ] {
            assert!(!text.contains('\''), "{text}");
        }
    }

    #[test]
    fn the_last_line_tells_what_was_done() {
        let end = |printed: &str| ScriptEnd {
            code: 0,
            printed: printed.to_owned(),
            complaint: String::new(),
        };
        let done = outcome(&end("one\ntwo\nchanged\n")).unwrap();
        assert!(done.changed && done.report == ["one", "two"]);
        assert!(!outcome(&end("unchanged")).unwrap().changed);
        for odd in ["", "\n", "changed\nand more"] {
            assert!(outcome(&end(odd)).is_err());
        }
    }
}
