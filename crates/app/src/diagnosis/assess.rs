//! From what is known to the causes, the most likely one first. Decides nothing else and does no I/O.

use assay_domain::capability::{BootDevice, BootOverride};
use assay_domain::{
    Cause, Confidence, Evidence, EvidenceKind, Finding, Phase, PowerState, TaskStatus,
};
use serde_json::Value;

use super::facts::{Facts, Owner};

/// Causes that are told at most.
const MOST: usize = 6;
/// Lines of evidence per cause.
const LINES: usize = 5;
/// Two network cards whose addresses are closer than this belong to one machine, most likely.
const NEIGHBOURS: u64 = 16;
/// What a line about silence begins with.
const SILENCE: &str = "nothing was heard for ";
/// So many boots of one introspection are a loop.
const LOOP: i64 = 3;

/// The causes that fit what is known.
pub(crate) fn assess(facts: &Facts) -> Vec<Finding> {
    let phase = facts.phase;
    let mut findings: Vec<Finding> = facts
        .own
        .iter()
        .filter(|piece| counts(piece, facts))
        .filter_map(pointed)
        .collect();
    if let Some(console) = &facts.console {
        findings.extend(console.findings(phase));
    }
    findings.extend(facts.owner.as_ref().and_then(|owner| of_task(owner, facts)));
    findings.extend(of_probe(facts));
    findings.extend(boot_loop(facts));
    findings.extend(
        facts
            .strangers
            .iter()
            .filter_map(|it| of_stranger(it, facts)),
    );
    findings.retain(|finding| finding.cause.explains(phase));
    if let Some(rest) = otherwise(facts) {
        findings.push(rest);
    }
    ranked(findings)
}

/// What was seen before the last phase came is overcome, unless it is about this phase alone.
fn counts(piece: &Evidence, facts: &Facts) -> bool {
    let alone = match piece.kind {
        EvidenceKind::Points(cause) => cause.facts().phases == [facts.phase],
        EvidenceKind::BootedAgain | EvidenceKind::ConsoleOffset => false,
    };
    alone || piece.last_at >= facts.since
}

fn finding(cause: Cause, confidence: Confidence, line: impl Into<String>) -> Finding {
    Finding {
        cause,
        confidence,
        evidence: vec![line.into()],
    }
}

fn pointed(piece: &Evidence) -> Option<Finding> {
    match piece.kind {
        EvidenceKind::Points(cause) => Some(finding(cause, Confidence::Certain, piece.line())),
        EvidenceKind::BootedAgain | EvidenceKind::ConsoleOffset => None,
    }
}

/// Puts what points at the same cause together and orders causes by how sure they are; among equals
/// the one that was found first leads.
pub(crate) fn ranked(findings: Vec<Finding>) -> Vec<Finding> {
    let mut ranked: Vec<Finding> = Vec::new();
    for finding in findings {
        match ranked.iter_mut().find(|one| one.cause == finding.cause) {
            Some(same) => {
                same.confidence = same.confidence.min(finding.confidence);
                let new = finding.evidence.into_iter();
                let new: Vec<String> = new.filter(|line| !same.evidence.contains(line)).collect();
                same.evidence.extend(new);
                same.evidence.truncate(LINES);
            }
            None => ranked.push(finding),
        }
    }
    ranked.sort_by_key(|finding| finding.confidence);
    ranked.truncate(MOST);
    ranked
}

/// What the task says that has to bring the introspection further.
fn of_task(owner: &Owner, facts: &Facts) -> Option<Finding> {
    let task = &owner.task;
    let (holder, waiters) = &owner.hold;
    let since = task.created_at.format("%Y-%m-%dT%H:%M:%SZ");
    let class = task.kind.queue();
    let waits = waiters.iter().any(|waiter| waiter.task_uuid == task.uuid);
    if let Some(held) = holder.as_ref().filter(|held| held.holder != task.uuid)
        && (waits || task.status != TaskStatus::Started)
    {
        let text = format!(
            "task {} holds the node for {} since {}",
            held.holder,
            held.purpose,
            held.since.format("%Y-%m-%dT%H:%M:%SZ")
        );
        return Some(finding(Cause::NodeHeld, Confidence::Certain, text));
    }
    match task.status {
        TaskStatus::Pending | TaskStatus::Retry if !owner.has_workers => Some(finding(
            Cause::NoWorker,
            Confidence::Certain,
            format!(
                "task {} of class {class} waits since {since}; no worker lives",
                task.uuid
            ),
        )),
        TaskStatus::Pending | TaskStatus::Retry if owner.running >= owner.slots => Some(finding(
            Cause::WorkersBusy,
            Confidence::Certain,
            format!(
                "task {} of class {class} waits since {since}; workers hold {} tasks of this class and have {} slots",
                task.uuid, owner.running, owner.slots
            ),
        )),
        TaskStatus::Pending | TaskStatus::Retry => Some(finding(
            Cause::NoWorker,
            Confidence::Possible,
            format!(
                "task {} of class {class} waits since {since}, though workers live",
                task.uuid
            ),
        )),
        TaskStatus::Started if facts.phase >= Phase::Hooks => Some(finding(
            Cause::ProcessingSlow,
            Confidence::Likely,
            at_work(owner),
        )),
        TaskStatus::Started => Some(finding(
            Cause::PowerNotReached,
            Confidence::Possible,
            at_work(owner),
        )),
        _ => None,
    }
}

fn at_work(owner: &Owner) -> String {
    let said = owner.said.as_deref().unwrap_or("nothing yet");
    format!(
        "task {} is in a worker's hands and says: {said}",
        owner.task.uuid
    )
}

/// What the BMC says now.
fn of_probe(facts: &Facts) -> Vec<Finding> {
    let Some(probe) = &facts.probe else {
        return Vec::new();
    };
    let boot = probe
        .boot
        .filter(|boot| boots_elsewhere(*boot))
        .map(|boot| {
            let text = format!("the BMC shows a boot override to {:?}", boot.device);
            finding(Cause::BootOverrideLost, Confidence::Likely, text)
        });
    let power = match &probe.power {
        Some(Err(error)) => finding(
            Cause::of_device(error),
            Confidence::Certain,
            format!("asked now: {error}"),
        ),
        Some(Ok(state)) if facts.phase == Phase::Power && is_at_the_bmc(facts) => finding(
            Cause::PowerNotReached,
            Confidence::Likely,
            format!("the BMC says that the machine is {}", state.as_str()),
        ),
        Some(Ok(PowerState::Off)) => finding(
            Cause::PoweredOffAgain,
            Confidence::Certain,
            "the BMC says that the machine is off",
        ),
        Some(Ok(PowerState::On)) | None => return boot.into_iter().collect(),
    };
    [Some(power), boot].into_iter().flatten().collect()
}

fn boots_elsewhere(boot: BootOverride) -> bool {
    boot.device
        .is_some_and(|device| device != BootDevice::Network)
}

/// Whether the task is in a worker's hands, so that the BMC is what is waited for.
fn is_at_the_bmc(facts: &Facts) -> bool {
    let owner = facts.owner.as_ref();
    owner.is_some_and(|owner| owner.task.status == TaskStatus::Started)
}

fn boot_loop(facts: &Facts) -> Option<Finding> {
    let again = facts
        .own
        .iter()
        .filter(|piece| piece.kind == EvidenceKind::BootedAgain);
    let boots = 1 + again.clone().map(|piece| piece.count).sum::<i64>();
    let last = again.map(|piece| piece.last_at).max()?;
    (boots >= LOOP).then(|| {
        let at = last.format("%Y-%m-%dT%H:%M:%SZ");
        let text = format!("its boot script was served {boots} times, last at {at}");
        finding(Cause::BootLoop, Confidence::Certain, text)
    })
}

/// What a machine that fits no node did meanwhile: is it this one?
fn of_stranger(piece: &Evidence, facts: &Facts) -> Option<Finding> {
    let EvidenceKind::Points(cause) = piece.kind else {
        return None;
    };
    let alone = facts.awaiting == 1 && facts.phase == Phase::BootScript;
    let confidence = match cause {
        Cause::AmbiguousMachine | Cause::LookupSeveral if names(piece, facts) => {
            Confidence::Certain
        }
        Cause::AmbiguousMachine | Cause::LookupSeveral => return None,
        Cause::UnknownMac if alone || is_neighbour(&piece.subject, &facts.macs) => {
            Confidence::Likely
        }
        // A report without a nonce comes from a machine that was given no script.
        Cause::LookupNone if facts.introspection.nonce_hash.is_some() => return None,
        Cause::LookupNone if alone => Confidence::Likely,
        Cause::StaleNonce if facts.phase == Phase::Callback => Confidence::Likely,
        Cause::RateLimited | Cause::IntakeFull if alone || facts.phase == Phase::Callback => {
            Confidence::Likely
        }
        _ => Confidence::Possible,
    };
    Some(finding(cause, confidence, piece.line()))
}

fn names(piece: &Evidence, facts: &Facts) -> bool {
    let nodes = piece.detail.get("nodes").and_then(Value::as_array);
    let uuid = facts.introspection.node_uuid.as_str();
    nodes.is_some_and(|nodes| nodes.iter().any(|node| node == uuid))
}

/// Whether an address is so close to one of these that one maker gave both to the same machine.
fn is_neighbour(mac: &str, macs: &[String]) -> bool {
    let Some(number) = number(mac) else {
        return false;
    };
    let numbers = macs.iter().filter_map(|mac| self::number(mac));
    numbers
        .into_iter()
        .any(|other| other.abs_diff(number) <= NEIGHBOURS)
}

fn number(mac: &str) -> Option<u64> {
    let digits: String = mac.split([':', '-']).collect();
    (digits.len() == 12).then_some(())?;
    u64::from_str_radix(&digits, 16).ok()
}

/// What is said of a phase when nothing else is known, or in the end.
fn otherwise(facts: &Facts) -> Option<Finding> {
    let seconds = (facts.now - facts.since).num_seconds();
    let cause = match facts.phase {
        Phase::Power | Phase::Hooks | Phase::Rules => return None,
        Phase::BootScript => Cause::NoBootRequest,
        Phase::Kernel => Cause::KernelNotAsked,
        Phase::Initramfs => Cause::InitramfsNotAsked,
        Phase::Agent => Cause::AgentSilent,
        Phase::Collectors => Cause::CollectorHangs,
        Phase::Callback => Cause::ReportNeverSent,
    };
    let power = facts.probe.as_ref().and_then(|probe| probe.power.as_ref());
    let told = power.map(|power| match power {
        Ok(state) => format!("the BMC says that the machine is {}", state.as_str()),
        Err(error) => format!("the BMC was asked: {error}"),
    });
    let silence = format!("{SILENCE}{seconds} s");
    Some(Finding {
        cause,
        confidence: Confidence::Possible,
        evidence: [silence].into_iter().chain(told).collect(),
    })
}

/// What was concluded earlier, with what is still true of it.
pub(crate) fn still_true(mut earlier: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut earlier {
        finding.evidence.retain(|line| !line.starts_with(SILENCE));
    }
    earlier
}

#[cfg(test)]
#[path = "assess_tests.rs"]
mod tests;
