//! What a machine's serial log says: panics, and the agent's own words.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use assay_domain::{Cause, Confidence, Evidence, EvidenceKind, Finding, Node, Phase};
use serde_json::Value;

/// Bytes of a log that are read, from its end.
const TAIL: u64 = 256 << 10;
/// Characters of a line that are shown.
const LINE_LENGTH: usize = 300;

/// What is told of a machine by its serial log since it was started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ConsoleLog {
    /// The line of a kernel panic.
    pub(crate) panic: Option<String>,
    /// The last error of the agent, in its own words.
    pub(crate) error: Option<String>,
    /// The last phase that the agent said to be in.
    pub(crate) phase: Option<String>,
}

/// The log of a node, if there is one that is named after it.
pub(crate) fn path_of(folder: &Path, node: &Node) -> Option<PathBuf> {
    let names = node.name.iter().chain([&node.uuid]);
    names
        .filter(|name| is_file_name(name))
        .map(|name| folder.join(format!("{name}.log")))
        .find(|path| path.is_file())
}

/// Whether a name stays in its folder: names are given by users.
fn is_file_name(name: &str) -> bool {
    let plain = |character: char| character.is_alphanumeric() || "-_. ".contains(character);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

/// How long the log is now.
pub(crate) fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |data| data.len())
}

/// Where the part of the log begins that is about this introspection.
pub(crate) fn start(evidence: &[Evidence]) -> u64 {
    evidence
        .iter()
        .rfind(|piece| piece.kind == EvidenceKind::ConsoleOffset)
        .and_then(|piece| piece.detail.get("offset").and_then(Value::as_u64))
        .unwrap_or(0)
}

/// Reads the end of a log, at most from `start` on; a log that is shorter was begun anew.
pub(crate) fn read(path: &Path, start: u64) -> std::io::Result<ConsoleLog> {
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    let start = if start > length { 0 } else { start };
    file.seek(SeekFrom::Start(start.max(length.saturating_sub(TAIL))))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(parse(&String::from_utf8_lossy(&bytes)))
}

fn parse(text: &str) -> ConsoleLog {
    let mut log = ConsoleLog::default();
    for line in text.lines() {
        // A machine that boots anew begins anew.
        if line.contains("Open Source Network Boot Firmware") {
            log = ConsoleLog::default();
        }
        if let Some((_, phase)) = line.split_once("assay-agent: phase ") {
            log.phase = Some(shown(phase));
        } else if let Some((_, error)) = line.split_once("assay-agent: error: ") {
            log.error = Some(shown(error));
        } else if let Some(at) = line.find("Kernel panic - ") {
            log.panic.get_or_insert_with(|| shown(&line[at..]));
        }
    }
    log
}

/// A line without control characters, and not too long.
fn shown(line: &str) -> String {
    let printable = line.chars().filter(|character| !character.is_control());
    let text: String = printable.take(LINE_LENGTH).collect();
    text.trim().to_owned()
}

impl ConsoleLog {
    /// What the log says about a phase that does not come.
    pub(crate) fn findings(&self, phase: Phase) -> Vec<Finding> {
        let finding = |cause, confidence, line: String| Finding {
            cause,
            confidence,
            evidence: vec![line],
        };
        let panic = self.panic.as_ref().map(|line| {
            let text = format!("serial log: {line}");
            finding(Cause::KernelPanic, Confidence::Certain, text)
        });
        let error = self.error.as_ref().map(|error| {
            let text = format!("serial log: the agent says: {error}");
            finding(cause_of(error), Confidence::Certain, text)
        });
        let progress = self.phase.as_ref().and_then(|said| {
            let cause = match phase {
                Phase::Agent => Cause::CallbackUnreachable,
                Phase::Collectors => Cause::CollectorHangs,
                _ => return None,
            };
            let text = format!("serial log: the agent is in phase {said}");
            Some(finding(cause, Confidence::Likely, text))
        });
        [panic, error, progress]
            .into_iter()
            .flatten()
            .filter(|finding| finding.cause.explains(phase))
            .collect()
    }
}

/// The cause that the agent's own words point at; they begin with what failed.
fn cause_of(error: &str) -> Cause {
    let words = error.to_lowercase();
    if words.starts_with("network:") {
        return Cause::RamdiskNoNetwork;
    }
    if words.starts_with("tls:") || words.contains("certificate") {
        return Cause::CallbackTls;
    }
    if words.contains("was not delivered") {
        return Cause::CallbackUnreachable;
    }
    Cause::AgentError
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_boot_counts() {
        let log = parse(
            "[ 1.0] Kernel panic - not syncing: old\n\
             iPXE 1.0 -- Open Source Network Boot Firmware --\r\n\
             assay-agent: phase init\r\nassay-agent: phase network\r\n\
             assay-agent: error: network: no card has a link\r\n",
        );
        assert_eq!(log.panic, None);
        assert_eq!(log.phase.as_deref(), Some("network"));
        let found = log.findings(Phase::Agent);
        assert_eq!(found[0].cause, Cause::RamdiskNoNetwork);
        assert_eq!(found[1].cause, Cause::CallbackUnreachable);
    }

    #[test]
    fn the_agents_words_are_told_apart() {
        for (words, cause) in [
            ("tls: no trust", Cause::CallbackTls),
            (
                "the report was not delivered after 5 attempts: invalid peer certificate",
                Cause::CallbackTls,
            ),
            (
                "the report was not delivered after 5 attempts: timeout",
                Cause::CallbackUnreachable,
            ),
            ("panicked: index out of bounds", Cause::AgentError),
        ] {
            assert_eq!(cause_of(words), cause, "{words}");
        }
    }

    #[test]
    fn names_stay_in_their_folder() {
        for name in ["", "..", ".hidden", "a/b", "a\0b", "../../etc/passwd"] {
            assert!(!is_file_name(name), "{name}");
        }
        assert!(is_file_name("rack-1 node_2.lab"));
    }

    #[test]
    fn only_what_came_since_the_start_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.log");
        std::fs::write(&path, "Kernel panic - not syncing: old\n").unwrap();
        let start = length(&path);
        assert_eq!(read(&path, start).unwrap(), ConsoleLog::default());
        assert!(read(&path, 0).unwrap().panic.is_some());
        // Shorter than it was: begun anew.
        assert!(read(&path, start + 1000).unwrap().panic.is_some());
    }

    proptest! {
        #[test]
        fn any_log_is_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let log = parse(&String::from_utf8_lossy(&bytes));
            for phase in Phase::ALL {
                log.findings(phase);
            }
        }
    }
}
