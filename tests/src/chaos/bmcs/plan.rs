//! Which BMC has which fault when, from a seed.

use std::time::Duration;

use assay_sim::{FleetFault, RestartFault};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::BmcOptions;

/// A fault of one BMC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BmcFault {
    /// How long all is well before it.
    pub(super) after: Duration,
    /// What is wrong.
    pub(super) fault: FleetFault,
    /// For how long.
    pub(super) lasts: Duration,
}

/// Kinds of fault; a login that is refused shuts the gate for good, and has tests of its own.
const KINDS: usize = 5;

/// The faults of each BMC, in order; as many for one as for another.
pub(super) fn plan(options: BmcOptions) -> Vec<Vec<BmcFault>> {
    let mut random = StdRng::seed_from_u64(options.seed);
    let mut faults = vec![Vec::new(); options.bmcs];
    for number in 0..options.faults {
        // The BMC's place shifts the kinds, so that each BMC has all of them in turn.
        let (turn, bmc) = (number / options.bmcs, number % options.bmcs);
        faults[bmc].push(fault((turn + bmc) % KINDS, &mut random));
    }
    faults
}

fn fault(kind: usize, random: &mut StdRng) -> BmcFault {
    let mut time = |least, most| Duration::from_millis(random.random_range(least..most));
    let (after, lasts) = (time(300, 2500), time(50, 1500));
    let fault = match kind {
        0 => FleetFault::Silent,
        1 => FleetFault::Slow(time(50, 800)),
        2 => FleetFault::DropSessions,
        3 => FleetFault::Malformed,
        _ => FleetFault::Restart(RestartFault {
            every: 1 + u64::from(time(0, 4).subsec_millis()),
            lasts: time(50, 1000),
        }),
    };
    BmcFault {
        after,
        fault,
        lasts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_and_the_seed_decides() {
        let options = BmcOptions {
            faults: 57,
            bmcs: 10,
            seed: 3,
        };
        let faults = plan(options);
        assert_eq!(faults, plan(options));
        assert_ne!(faults, plan(BmcOptions { seed: 4, ..options }));
        assert_eq!(faults.iter().map(Vec::len).sum::<usize>(), 57);
        for of_one in &faults {
            let mut names: Vec<_> = of_one.iter().map(|fault| fault.fault.name()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), KINDS);
        }
    }
}
