//! Which files must change, from what they say to what is wanted.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use assay_domain::admission::{Others, Wanted};

use super::folder::Found;
use super::line::{Line, Subject};

/// How long the file of a refused card stays when all others are refused as well: dnsmasq must have
/// read it, and while the file is there it can be taken back.
const LINGER: Duration = Duration::from_secs(7 * 24 * 3600);

/// Changes to the folder; the writes in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Files to write.
    pub(super) writes: Vec<(Subject, Line)>,
    /// Files to remove.
    pub(super) removals: Vec<Subject>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.removals.is_empty()
    }
}

/// The shortest way from `files` to what is wanted.
pub(super) fn plan(files: &BTreeMap<Subject, Found>, wanted: &Wanted, now: SystemTime) -> Plan {
    let lines = lines(wanted);
    let others = lines[&Subject::Others];
    let mut plan = Plan::default();
    for (subject, line) in &lines {
        if files.get(subject).and_then(|found| found.line) != Some(*line) {
            plan.writes.push((*subject, *line));
        }
    }
    for (subject, found) in files.iter().filter(|(file, _)| !lines.contains_key(file)) {
        if found.line != Some(others) {
            plan.writes.push((*subject, others));
        } else if others == Line::Refuse && is_old(found, now) {
            // Never a served one: dnsmasq would go on to serve it when others are refused.
            plan.removals.push(*subject);
        }
    }
    plan.writes
        .sort_by_key(|(subject, line)| rank(*subject, *line));
    plan
}

/// Whether dnsmasq has had all the time it needs; not when the clock was set back.
fn is_old(found: &Found, now: SystemTime) -> bool {
    let age = now.duration_since(found.modified);
    age.is_ok_and(|age| age > LINGER)
}

/// The files that there must be.
fn lines(wanted: &Wanted) -> BTreeMap<Subject, Line> {
    let mut lines = BTreeMap::new();
    match &wanted.others {
        Others::Refused => {
            lines.insert(Subject::Others, Line::Refuse);
        }
        Others::ServedExcept(known) => {
            lines.insert(Subject::Others, Line::Serve);
            lines.extend(known.iter().map(|mac| (Subject::Card(*mac), Line::Refuse)));
        }
    }
    lines.extend(
        wanted
            .served
            .iter()
            .map(|mac| (Subject::Card(*mac), Line::Serve)),
    );
    lines
}

/// Refusals come first, so that nobody is served in between who never should be.
fn rank(subject: Subject, line: Line) -> u8 {
    match (line, subject) {
        (Line::Refuse, _) => 0,
        (Line::Serve, Subject::Card(_)) => 1,
        (Line::Serve, Subject::Others) => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use assay_inventory::Mac;
    use proptest::prelude::*;

    use super::*;

    fn card(last: u8) -> Subject {
        Subject::Card(mac(last))
    }

    fn mac(last: u8) -> Mac {
        Mac::new([0x52, 0x54, 0, 0, 0, last])
    }

    fn served(macs: &[u8]) -> BTreeSet<Mac> {
        macs.iter().copied().map(mac).collect()
    }

    fn closed(macs: &[u8]) -> Wanted {
        Wanted {
            served: served(macs),
            others: Others::Refused,
        }
    }

    fn open(macs: &[u8], known: &[u8]) -> Wanted {
        Wanted {
            served: served(macs),
            others: Others::ServedExcept(served(known)),
        }
    }

    /// What the files say after the plan.
    fn follow(files: &mut BTreeMap<Subject, Found>, plan: &Plan, now: SystemTime) {
        for (subject, line) in &plan.writes {
            let found = Found {
                line: Some(*line),
                modified: now,
            };
            files.insert(*subject, found);
        }
        for subject in &plan.removals {
            files.remove(subject);
        }
    }

    /// What dnsmasq does by these files after a restart.
    fn serves(files: &BTreeMap<Subject, Found>, mac: Mac) -> bool {
        let own = files.get(&Subject::Card(mac));
        let found = own.or_else(|| files.get(&Subject::Others));
        found.is_none_or(|found| found.line == Some(Line::Serve))
    }

    #[test]
    fn an_empty_folder_is_closed_before_anybody_is_served() {
        let plan = plan(&BTreeMap::new(), &closed(&[2, 1]), SystemTime::now());
        let wanted = [
            (Subject::Others, Line::Refuse),
            (card(1), Line::Serve),
            (card(2), Line::Serve),
        ];
        assert_eq!(plan.writes, wanted);
    }

    #[test]
    fn known_machines_are_refused_before_others_are_served() {
        let plan = plan(&BTreeMap::new(), &open(&[1], &[1, 2]), SystemTime::now());
        let wanted = [
            (card(2), Line::Refuse),
            (card(1), Line::Serve),
            (Subject::Others, Line::Serve),
        ];
        assert_eq!(plan.writes, wanted);
    }

    #[test]
    fn a_refusal_stays_until_dnsmasq_must_have_read_it() {
        let began = SystemTime::now();
        let mut files = BTreeMap::new();
        let first = plan(&files, &closed(&[1]), began);
        follow(&mut files, &first, began);
        let end = plan(&files, &closed(&[]), began);
        assert_eq!(end.writes, [(card(1), Line::Refuse)]);
        follow(&mut files, &end, began);
        assert!(plan(&files, &closed(&[]), began + LINGER).is_empty());
        let late = plan(
            &files,
            &closed(&[]),
            began + LINGER + Duration::from_secs(1),
        );
        assert_eq!(late.removals, [card(1)]);
        // A clock that was set back removes nothing.
        assert!(plan(&files, &closed(&[]), began - LINGER).is_empty());
    }

    #[test]
    fn what_others_wrote_into_our_files_is_put_right() {
        let mut files = BTreeMap::new();
        let now = SystemTime::now();
        let first = plan(&files, &closed(&[1]), now);
        follow(&mut files, &first, now);
        for found in files.values_mut() {
            found.line = None;
        }
        assert_eq!(plan(&files, &closed(&[1]), now).writes.len(), 2);
    }

    fn wanted() -> impl Strategy<Value = Wanted> {
        let macs = || proptest::collection::btree_set((0u8..8).prop_map(mac), 0..6);
        (macs(), macs(), any::<bool>()).prop_map(|(served, known, open)| Wanted {
            served,
            others: if open {
                Others::ServedExcept(known)
            } else {
                Others::Refused
            },
        })
    }

    proptest! {
        #[test]
        fn whatever_was_wanted_before_the_files_say_what_is_wanted_now(
            steps in proptest::collection::vec((wanted(), 0u64..1_000_000), 1..8)
        ) {
            let mut files = BTreeMap::new();
            let mut now = SystemTime::now();
            for (wanted, seconds) in steps {
                now += Duration::from_secs(seconds);
                let plan = plan(&files, &wanted, now);
                follow(&mut files, &plan, now);
                for last in 0..9 {
                    prop_assert_eq!(serves(&files, mac(last)), wanted.serves(mac(last)));
                }
                prop_assert!(super::plan(&files, &wanted, now).is_empty());
            }
        }
    }
}
