//! iSCSI targets of storage: what portals offer, and the sessions of a host with them, by open-iscsi.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use assay_domain::host::HostShell;
use assay_domain::iscsi::{Portal, Targets, is_short_name};

use crate::{HostError, Outcome, outcome, run, run_for};

/// Prints what portals offer; each line of standard input is one.
pub(crate) const DISCOVER: &str = include_str!("scripts/iscsi_discover.sh");
/// Logs in to targets, now and whenever the host starts; each line of standard input is a name and a
/// portal.
pub(crate) const ATTACH: &str = include_str!("scripts/iscsi_attach.sh");
/// Prints the sessions.
pub(crate) const SESSIONS: &str = include_str!("scripts/iscsi_sessions.sh");

/// How long portals that do not answer may be waited for, below the time limit of a task.
const LIMIT: Duration = Duration::from_mins(12);
/// The state of a session that is open.
const OPEN: &str = "LOGGED_IN";

/// Asks each portal for its targets.
pub(crate) async fn discover(
    shell: &dyn HostShell,
    portals: &BTreeSet<Portal>,
) -> Result<Outcome, HostError> {
    let (offered, failed) = offers(shell, portals).await?;
    if failed.len() == portals.len() {
        return Err(HostError::Incomplete(failed.join("; ")));
    }
    Ok(Outcome {
        report: failed,
        offered: Some(offered),
        sessions: Some(sessions(shell).await?),
        ..Outcome::default()
    })
}

/// Logs in to each target that the host has no session with, and looks whether it has one then.
pub(crate) async fn attach(shell: &dyn HostShell, wanted: &Targets) -> Result<Outcome, HostError> {
    let wanted = in_full(shell, wanted).await?;
    let mut input = String::new();
    for (portal, name) in pairs(&wanted) {
        // Writing to a String does not fail.
        let _ = writeln!(input, "{name} {}", portal.socket());
    }
    let done = outcome(&run_for(shell, ATTACH, &input, LIMIT).await?)?;
    let open = sessions(shell).await?;
    let missing: Vec<String> = pairs(&wanted)
        .filter(|(portal, name)| !open.get(portal).is_some_and(|names| names.contains(*name)))
        .map(|(portal, name)| format!("{name} at {portal}"))
        .collect();
    let incomplete = (!missing.is_empty()).then(|| {
        let said = done.report.join("; ");
        HostError::Incomplete(format!("no session with {}: {said}", missing.join(", ")))
    });
    Ok(Outcome {
        sessions: Some(open),
        incomplete,
        ..done
    })
}

/// The sessions that are open.
async fn sessions(shell: &dyn HostShell) -> Result<Targets, HostError> {
    Ok(open_sessions(&run(shell, SESSIONS, "").await?.printed))
}

fn pairs(targets: &Targets) -> impl Iterator<Item = (Portal, &String)> {
    targets
        .iter()
        .flat_map(|(portal, names)| names.iter().map(|name| (*portal, name)))
}

/// The targets with their names in full: a short one is the end of exactly one that its portal offers.
async fn in_full(shell: &dyn HostShell, wanted: &Targets) -> Result<Targets, HostError> {
    let asked: BTreeSet<Portal> = pairs(wanted)
        .filter(|(_, name)| is_short_name(name))
        .map(|(portal, _)| portal)
        .collect();
    if asked.is_empty() {
        return Ok(wanted.clone());
    }
    let (offered, failed) = offers(shell, &asked).await?;
    let mut full = Targets::new();
    for (portal, name) in pairs(wanted) {
        let name = if is_short_name(name) {
            whole_name(&offered, portal, name).ok_or_else(|| {
                let said = failed.join("; ");
                let text = format!("{portal} does not offer exactly one target {name}; {said}");
                HostError::Incomplete(text.trim_end_matches("; ").to_owned())
            })?
        } else {
            name.clone()
        };
        full.entry(portal).or_default().insert(name);
    }
    Ok(full)
}

fn whole_name(offered: &Targets, portal: Portal, short: &str) -> Option<String> {
    let is_it = |name: &&String| {
        let end = name.strip_suffix(short);
        end.is_some_and(|before| before.is_empty() || before.ends_with(':'))
    };
    let mut found = offered.get(&portal)?.iter().filter(is_it);
    let only = found.next()?;
    found.next().is_none().then(|| only.clone())
}

/// What portals offer, and what became of those that did not answer.
async fn offers(
    shell: &dyn HostShell,
    portals: &BTreeSet<Portal>,
) -> Result<(Targets, Vec<String>), HostError> {
    let mut input = String::new();
    for portal in portals {
        // Writing to a String does not fail.
        let _ = writeln!(input, "{}", portal.socket());
    }
    let end = run_for(shell, DISCOVER, &input, LIMIT).await?;
    let lines = end.printed.lines();
    let failed = lines.filter_map(|line| line.strip_prefix("failed "));
    Ok((
        offered_targets(&end.printed),
        failed.map(|line| line.trim().to_owned()).collect(),
    ))
}

/// Lines of iscsiadm: `offered 10.0.0.1:3260,1 iqn.…`.
fn offered_targets(printed: &str) -> Targets {
    let mut targets = Targets::new();
    for line in printed.lines() {
        let row = line.strip_prefix("offered ").and_then(|line| {
            let (place, name) = line.trim().split_once(' ')?;
            let (portal, _group) = place.rsplit_once(',')?;
            Some((portal.parse::<Portal>().ok()?, name.to_owned()))
        });
        if let Some((portal, name)) = row {
            targets.entry(portal).or_default().insert(name);
        }
    }
    targets
}

/// Lines of state, address, port and name.
fn open_sessions(printed: &str) -> Targets {
    let mut targets = Targets::new();
    for line in printed.lines() {
        if let [OPEN, address, port, name] = line.split_whitespace().collect::<Vec<_>>()[..]
            && let (Ok(address), Ok(port)) = (address.parse::<IpAddr>(), port.parse())
        {
            let names = targets.entry(Portal::new(address, port)).or_default();
            names.insert(name.to_owned());
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portal(text: &str) -> Portal {
        text.parse().unwrap()
    }

    #[test]
    fn what_portals_offer_is_read() {
        let printed = "offered 10.0.0.1:3260,1 iqn.2026-11.test:a\noffered 10.0.0.1:3260,1 iqn.2026-11.test:b\n\
            offered [fd00::1]:3261,2 iqn.2026-11.test:a\noffered iscsiadm: No portals found\noffered \n\
            failed 10.0.0.2:3260 code 4: iscsiadm: cannot make connection\n";
        let targets = offered_targets(printed);
        assert_eq!(targets[&portal("10.0.0.1")].len(), 2);
        assert!(targets[&portal("[fd00::1]:3261")].contains("iqn.2026-11.test:a"));
        assert_eq!(targets.len(), 2);
    }

    #[test]
    fn only_open_sessions_count() {
        let printed = "LOGGED_IN 10.0.0.1 3260 iqn.2026-11.test:a\nFAILED 10.0.0.1 3260 iqn.2026-11.test:b\n\
            LOGGED_IN fd00::1 3260 iqn.2026-11.test:c\nLOGGED_IN  3260 iqn.2026-11.test:d\n";
        let targets = open_sessions(printed);
        let names: Vec<&String> = pairs(&targets).map(|(_, name)| name).collect();
        assert_eq!(names, ["iqn.2026-11.test:a", "iqn.2026-11.test:c"]);
    }

    #[test]
    fn a_short_name_is_the_end_of_one() {
        let at = portal("10.0.0.1");
        let names = [
            "iqn.2010-10.org.openstack:volume-1",
            "iqn.2010-10.org.openstack:volume-11",
        ];
        let offered = Targets::from([(at, names.map(str::to_owned).into())]);
        assert_eq!(whole_name(&offered, at, "volume-1").unwrap(), names[0]);
        assert_eq!(whole_name(&offered, at, "volume-2"), None);
        assert_eq!(whole_name(&offered, portal("10.0.0.2"), "volume-1"), None);
    }
}
