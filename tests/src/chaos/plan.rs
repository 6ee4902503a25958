//! What is done to the fleet and when, from a seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};

use super::Options;
use crate::place::Cable;

/// To whom it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// An API server.
    Api(usize),
    /// A worker.
    Worker(usize),
    /// PostgreSQL.
    Database,
    /// RabbitMQ.
    Broker,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// kill -9, and a start after the fault's time.
    Kill,
    /// An orderly end, and a start after the fault's time.
    Restart,
    /// Cables of its place are cut, and mended after the fault's time.
    Cut(Vec<Cable>),
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// It comes when so many introspections have been accepted.
    pub at: usize,
    /// To whom.
    pub victim: Victim,
    /// What.
    pub deed: Deed,
    /// For how long.
    pub lasts: Duration,
}

/// The part of the introspections after which nothing is done any more, in percent.
const LAST: usize = 96;

/// The faults of a run in order. Every kind of fault comes at least once, however small the run.
pub(super) fn plan(options: &Options) -> Vec<Fault> {
    let mut random = StdRng::seed_from_u64(options.seed);
    let mut deeds = at_least(options, &mut random);
    let kills = |deeds: &[(Victim, Deed)]| {
        let kills = deeds.iter().filter(|(_, deed)| *deed == Deed::Kill);
        kills.count()
    };
    while kills(&deeds) < options.kills {
        deeds.push((anybody(options, &mut random), Deed::Kill));
    }
    for _ in 0..options.kills / 4 {
        let victim = process(options, &mut random);
        deeds.push((victim, Deed::Cut(some_cables(&mut random))));
    }
    for _ in 0..options.kills / 40 {
        deeds.push((Victim::Database, Deed::Restart));
        deeds.push((Victim::Broker, Deed::Restart));
    }
    deeds.shuffle(&mut random);
    let last = (options.introspections * LAST / 100).max(2);
    let mut moments: Vec<usize> = deeds.iter().map(|_| random.random_range(1..last)).collect();
    moments.sort_unstable();
    let faults = moments.into_iter().zip(deeds);
    faults
        .map(|(at, (victim, deed))| Fault {
            at,
            victim,
            lasts: lasts(&deed, &mut random),
            deed,
        })
        .collect()
}

/// One of each kind.
fn at_least(options: &Options, random: &mut StdRng) -> Vec<(Victim, Deed)> {
    let api = Victim::Api(random.random_range(0..options.apis));
    let mut worker = || Victim::Worker(random.random_range(0..options.workers));
    let mut deeds = vec![
        (worker(), Deed::Kill),
        (api, Deed::Kill),
        (Victim::Database, Deed::Kill),
        (Victim::Database, Deed::Restart),
        (Victim::Broker, Deed::Kill),
        (Victim::Broker, Deed::Restart),
        (worker(), Deed::Cut(Cable::ALL.to_vec())),
        (api, Deed::Cut(Cable::ALL.to_vec())),
    ];
    deeds.extend(Cable::ALL.map(|cable| (worker(), Deed::Cut(vec![cable]))));
    deeds.push((api, Deed::Cut(vec![Cable::Database])));
    deeds
}

/// Mostly processes of the fleet; now and then what they stand on.
fn anybody(options: &Options, random: &mut StdRng) -> Victim {
    match random.random_range(0..40) {
        0 => Victim::Database,
        1 => Victim::Broker,
        _ => process(options, random),
    }
}

fn process(options: &Options, random: &mut StdRng) -> Victim {
    let all = options.apis + options.workers;
    let number = random.random_range(0..all);
    match number.checked_sub(options.apis) {
        Some(worker) => Victim::Worker(worker),
        None => Victim::Api(number),
    }
}

fn some_cables(random: &mut StdRng) -> Vec<Cable> {
    if random.random_ratio(1, 4) {
        return Cable::ALL.to_vec();
    }
    Cable::ALL.choose(random).copied().into_iter().collect()
}

/// What is dead comes back soon, as under a supervisor; a cut may outlast a lease.
fn lasts(deed: &Deed, random: &mut StdRng) -> Duration {
    let most = match deed {
        Deed::Kill | Deed::Restart => 3_000,
        Deed::Cut(_) => 22_000,
    };
    Duration::from_millis(random.random_range(200..most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_every_kind_and_as_many_kills_as_asked_for() {
        for seed in 0..50 {
            let options = Options {
                seed,
                kills: 30,
                ..Options::default()
            };
            let faults = plan(&options);
            assert_eq!(faults, plan(&options), "the same seed, the same plan");
            let kills = faults.iter().filter(|fault| fault.deed == Deed::Kill);
            assert_eq!(kills.count(), 30);
            for cable in Cable::ALL {
                let alone = Deed::Cut(vec![cable]);
                assert!(faults.iter().any(|fault| fault.deed == alone));
            }
            for victim in [Victim::Database, Victim::Broker] {
                for deed in [Deed::Kill, Deed::Restart] {
                    let is_it = |fault: &&Fault| fault.victim == victim && fault.deed == deed;
                    assert!(faults.iter().find(is_it).is_some());
                }
            }
            assert!(faults.is_sorted_by_key(|fault| fault.at));
            assert!(faults.iter().all(|fault| fault.at < options.introspections));
        }
    }
}
