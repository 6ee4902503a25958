//! Faults that every protocol has, and which BMCs of a fleet get them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::restart::RestartFault;
use crate::{AmtFaults, Error, Faults, IpmiFaults};

/// After how many requests of a session a BMC forgets it that drops sessions.
const REQUESTS_OF_A_SESSION: u32 = 1;

/// Something that is wrong with a BMC, whatever it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetFault {
    /// Never answers; connections are taken.
    Silent,
    /// Answers this much later.
    Slow(Duration),
    /// Takes no password for right.
    RefuseLogin,
    /// Forgets sessions after one request in them. Intel AMT has none: its logins are good for one
    /// request.
    DropSessions,
    /// Cuts its answers off in the middle.
    Malformed,
    /// Restarts itself while it is asked.
    Restart(RestartFault),
}

impl FleetFault {
    /// Its name, as the list of a fleet has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Slow(_) => "slow",
            Self::RefuseLogin => "refuse-login",
            Self::DropSessions => "drop-sessions",
            Self::Malformed => "malformed",
            Self::Restart(_) => "reset-while-asked",
        }
    }

    /// A Redfish BMC with this fault alone.
    pub fn redfish(self) -> Faults {
        let mut faults = Faults::default();
        match self {
            Self::Silent => faults.mute = true,
            Self::Slow(by) => faults.answer_delay = by,
            Self::RefuseLogin => faults.refuse_credentials = true,
            Self::DropSessions => faults.drop_session_after = Some(REQUESTS_OF_A_SESSION),
            Self::Malformed => faults.malformed_json = true,
            Self::Restart(restart) => faults.restart = Some(restart),
        }
        faults
    }

    /// An IPMI BMC with this fault alone.
    pub fn ipmi(self) -> IpmiFaults {
        let mut faults = IpmiFaults::default();
        match self {
            Self::Silent => faults.silent = true,
            Self::Slow(by) => faults.answer_delay = by,
            Self::RefuseLogin => faults.refuse_login = true,
            Self::DropSessions => faults.drop_session_after = Some(REQUESTS_OF_A_SESSION),
            Self::Malformed => faults.malformed = true,
            Self::Restart(restart) => faults.restart = Some(restart),
        }
        faults
    }

    /// An AMT device with this fault alone.
    pub fn amt(self) -> AmtFaults {
        let mut faults = AmtFaults::default();
        match self {
            Self::Silent => faults.mute = true,
            Self::Slow(by) => faults.answer_delay = by,
            Self::RefuseLogin => faults.refuse_credentials = true,
            Self::DropSessions => faults.nonce_uses = Some(REQUESTS_OF_A_SESSION),
            Self::Malformed => faults.malformed_xml = true,
            Self::Restart(restart) => faults.restart = Some(restart),
        }
        faults
    }
}

/// How many BMCs of each protocol: `5%` or `12`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    /// So many of a hundred, 0 to 100; at least one when it is above 0 and there are any.
    Percent(f64),
    /// So many.
    Count(usize),
}

impl Share {
    /// Of this many BMCs.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a count, rounded"
    )]
    fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => {
                let part = (all as f64 * percent / 100.0).round() as usize;
                part.max(usize::from(percent > 0.0 && all > 0))
            }
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is neither a share like 5% nor a number of BMCs");
        let Some(percent) = text.strip_suffix('%') else {
            return text.parse().map(Self::Count).map_err(|_| wrong());
        };
        let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
        if (0.0..=100.0).contains(&percent) {
            Ok(Self::Percent(percent))
        } else {
            Err(format!("'{text}' is not between 0% and 100%"))
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(formatter, "{percent}%"),
            Self::Count(count) => write!(formatter, "{count}"),
        }
    }
}

/// A fault, and how many BMCs of each protocol have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultShare {
    /// The fault.
    pub fault: FleetFault,
    /// How many have it.
    pub share: Share,
}

/// Which of `count` BMCs have which fault: the seed chooses, and each has one at most.
///
/// # Errors
/// [`Error::Fleet`] when more faults are asked for than there are BMCs.
pub(super) fn spread(
    count: usize,
    shares: &[FaultShare],
    seed: u64,
) -> Result<Vec<Option<FleetFault>>, Error> {
    let mut faults = Vec::with_capacity(count);
    for FaultShare { fault, share } in shares {
        faults.extend(std::iter::repeat_n(Some(*fault), share.of(count)));
    }
    if count > 0 && faults.len() > count {
        return Err(Error::Fleet(format!(
            "{} of {count} BMCs are to have a fault, and each has one at most",
            faults.len()
        )));
    }
    faults.resize(count, None);
    faults.shuffle(&mut StdRng::seed_from_u64(seed));
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(silent: Share, malformed: Share) -> [FaultShare; 2] {
        [
            (FleetFault::Silent, silent),
            (FleetFault::Malformed, malformed),
        ]
        .map(|(fault, share)| FaultShare { fault, share })
    }

    #[test]
    fn the_seed_chooses_exactly_as_many_as_asked_for() {
        let wanted = shares(Share::Percent(5.0), Share::Count(3));
        let faults = spread(1000, &wanted, 7).unwrap();
        let count = |wanted| faults.iter().filter(|fault| **fault == wanted).count();
        assert_eq!(count(Some(FleetFault::Silent)), 50);
        assert_eq!(count(Some(FleetFault::Malformed)), 3);
        assert_eq!(count(None), 947);
        assert_eq!(faults, spread(1000, &wanted, 7).unwrap());
        assert_ne!(faults, spread(1000, &wanted, 8).unwrap());
    }

    #[test]
    fn small_fleets_and_impossible_ones() {
        let one_each = spread(2, &shares(Share::Percent(1.0), Share::Count(1)), 1).unwrap();
        assert!(one_each.iter().all(Option::is_some));
        assert!(spread(0, &shares(Share::Percent(1.0), Share::Percent(0.0)), 1).is_ok());
        assert!(spread(2, &shares(Share::Percent(60.0), Share::Count(2)), 1).is_err());
    }

    #[test]
    fn shares_are_read() {
        assert_eq!("5%".parse(), Ok(Share::Percent(5.0)));
        assert_eq!("0.5 %".parse(), Ok(Share::Percent(0.5)));
        assert_eq!("12".parse(), Ok(Share::Count(12)));
        for wrong in ["", "%", "-1", "101%", "-1%", "x", "NaN%"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }
}
