//! What the simulators' counters say, and the kinds of errors.

use assay_sim::{Counters, Machine, Power, ResetType};

use super::members::Member;

/// Commands that arrived when an earlier command had already done the same.
pub(super) fn repeats(counters: &Counters) -> Vec<ResetType> {
    let mut commanded = None;
    let mut repeats = Vec::new();
    for reset in counters.resets.iter().filter(|reset| reset.accepted) {
        let power = match reset.kind {
            ResetType::On | ResetType::ForceOn => Power::On,
            ResetType::ForceOff | ResetType::GracefulShutdown => Power::Off,
            _ => continue,
        };
        if commanded == Some(power) {
            repeats.push(reset.kind);
        }
        commanded = Some(power);
    }
    repeats
}

/// One introspection switches its machine on once, whoever does it.
pub(super) fn switched_on_too_often(member: &Member, introspections: usize) -> Option<String> {
    let counters = member.bmc.counters();
    let on = counters.accepted(ResetType::On) + counters.accepted(ResetType::ForceOn);
    (on > introspections).then(|| {
        let name = &member.machine.hardware().name;
        format!("{name} was switched on {on} times for {introspections} introspections")
    })
}

/// An error without what differs from one introspection to the next.
pub(super) fn class_of(error: &str) -> String {
    let words = error.split_whitespace().map(|word| {
        let varies = word.chars().any(|letter| letter.is_ascii_digit());
        if varies { "…" } else { word }
    });
    let mut class = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = class.char_indices().nth(110) {
        class.truncate(end);
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_sim::ResetSeen;

    fn counters(kinds: &[ResetType]) -> Counters {
        let seen = |kind: &ResetType| ResetSeen {
            kind: *kind,
            at: std::time::SystemTime::now(),
            accepted: true,
        };
        Counters {
            resets: kinds.iter().map(seen).collect(),
            ..Counters::default()
        }
    }

    #[test]
    fn on_after_on_is_twice_and_on_after_off_is_not() {
        use ResetType::{ForceOff, ForceRestart, On};
        assert!(repeats(&counters(&[On, ForceOff, On, ForceOff])).is_empty());
        assert_eq!(repeats(&counters(&[On, ForceRestart, On])), [On]);
        assert_eq!(repeats(&counters(&[On, ForceOff, ForceOff])), [ForceOff]);
    }

    #[test]
    fn errors_of_one_kind_fall_together() {
        let one = class_of("BMC 10.64.0.7:8000 did not answer within 30 s");
        assert_eq!(
            one,
            class_of("BMC 10.64.1.9:8000 did not answer within 29 s")
        );
    }
}
