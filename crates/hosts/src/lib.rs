//! What Assay does on the operating system of a node, over a shell that somebody else opens.
//!
//! Each action is one file here and one shell script in `scripts`. A script is a fixed text; values
//! come to it on its standard input, one a line, and are never put into it. It may be run again at any
//! time: it looks first, changes only what is not as wanted, keeps what was there, and checks afterwards
//! what it did. Its exit code is 0, `LACKS` when the host has not what the action works on, or
//! `REFUSED` when the host's own checker refused the new configuration, and the former one is in force.
#![forbid(unsafe_code)]

mod cpu_mode;
mod error;
mod heartbeat;
mod leases;
mod locks;
mod log_redirection;
mod lvm;
mod settings;
mod snmp;
mod ssh;
mod targets;
mod updates;

use std::time::Duration;

use assay_domain::host::{HostAction, HostDoor, HostSetting, HostShell, Script, ScriptEnd};
use assay_domain::iscsi::Targets;

pub use error::HostError;
pub use lvm::Lvm;
pub use settings::{HeartbeatPlan, HostSettings, LogProtocol, SnmpSettings};

/// The exit code of a script on a host that lacks what the action works on.
const LACKS: u32 = 64;
/// The exit code of a script whose change was taken back.
const REFUSED: u32 = 65;

/// How long what is no update may take.
const LIMIT: Duration = Duration::from_secs(120);

/// What an action did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Whether the host is another one than before.
    pub changed: bool,
    /// What the host said, for people.
    pub report: Vec<String>,
    /// The iSCSI targets that storage offers, when the action asked for them.
    pub offered: Option<Targets>,
    /// The host's open sessions with iSCSI targets, when the action looked at them.
    pub sessions: Option<Targets>,
    /// Why it is not all that was asked for, when a part of it was done.
    pub incomplete: Option<HostError>,
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
    let opened = door.open().await?;
    let shell = opened.as_ref();
    let done = match action {
        HostAction::Set(HostSetting::Ssh(wanted)) => {
            return ssh::set(door, opened, *wanted, settings).await;
        }
        HostAction::Set(HostSetting::Snmp(wanted)) => snmp::set(shell, *wanted, settings).await,
        HostAction::Set(HostSetting::LogRedirection(wanted)) => {
            log_redirection::set(shell, wanted.as_deref(), settings).await
        }
        HostAction::Set(HostSetting::CpuMode(wanted)) => {
            cpu_mode::set(shell, wanted.as_ref()).await
        }
        HostAction::Set(HostSetting::Heartbeat(wanted)) => {
            heartbeat::set(shell, *wanted, settings).await
        }
        HostAction::UpdateSystem => updates::install(shell).await,
        HostAction::DiscoverTargets(portals) => targets::discover(shell, portals).await,
        HostAction::AttachTargets { targets, .. } => targets::attach(shell, targets).await,
        HostAction::RepairLocks => locks::repair(shell).await,
    };
    opened.close().await;
    done
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
        Some(word @ ("changed" | "unchanged")) => Ok(Outcome {
            changed: word == "changed",
            report: lines,
            ..Outcome::default()
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
            heartbeat::SET,
            heartbeat::CLEAR,
            log_redirection::SET,
            log_redirection::CLEAR,
            snmp::ENABLE,
            snmp::DISABLE,
            ssh::RESTRICT,
            ssh::CONFIRM,
            ssh::RELEASE,
            updates::INSTALL,
            targets::DISCOVER,
            targets::ATTACH,
            targets::SESSIONS,
            locks::READ,
            locks::DUMP,
            locks::RELEASE,
            locks::DROP,
            lvm::REPORT,
            lvm::LOCKS,
            lvm::MIRROR,
            lvm::MOVE,
            lvm::ABORT,
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
