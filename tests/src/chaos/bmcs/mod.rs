//! Faults of BMCs: simulated Redfish and IPMI BMCs fall silent, get slow, drop sessions, cut their
//! answers off and restart while power commands go to them through gate and drivers. What happens when
//! to whom comes from a seed. Nothing else is needed: no arena, no database, no broker.

mod judge;
mod operator;
mod plan;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_drivers::testing::MemoryState;
use assay_drivers::{Drivers, Gate, GateLimits};
use assay_sim::{Fleet, FleetBmc, FleetOptions, SimCertificate};
use futures::future::join_all;

use crate::simulated::own_address;
pub use judge::BmcReport;

use judge::Judge;
use operator::Operator;
use plan::{BmcFault, plan};

/// The size of a run.
#[derive(Debug, Clone, Copy)]
pub struct BmcOptions {
    /// Faults that are played.
    pub faults: usize,
    /// BMCs, half of which speak Redfish and half IPMI.
    pub bmcs: usize,
    /// From which faults, moments and commands come.
    pub seed: u64,
}

impl Default for BmcOptions {
    fn default() -> Self {
        Self {
            faults: 300,
            bmcs: 60,
            seed: 1,
        }
    }
}

/// How long one request to a BMC may take: some faults last longer, and some do not.
const REQUEST: Duration = Duration::from_millis(500);
/// When an IPMI BMC ends a session that nobody uses; a real one waits 60 s.
const SESSION_TIMEOUT: Duration = Duration::from_secs(3);
/// How long sessions are waited for that are still being closed, or run out.
const CLOSING: Duration = Duration::from_secs(15);

/// Plays it and gives what the judge says.
pub async fn run(options: BmcOptions) -> BmcReport {
    let began = Instant::now();
    let fleet = start(options);
    let limits = GateLimits {
        first_pause: Duration::from_millis(50),
        settle: Duration::from_secs(2),
        ..GateLimits::default()
    };
    let state = Arc::<MemoryState>::default();
    let gate = Gate::with_limits(Drivers::standard(), state, limits);
    let mut faults = plan(options).into_iter();
    let work = fleet.members().iter().enumerate().map(|(number, member)| {
        let operator = Operator::new(&gate, member, number, options.seed, REQUEST);
        operator.work(faults.next().unwrap_or_default())
    });
    let logs = join_all(work).await;
    let working = began.elapsed();
    closed(&fleet).await;
    // What is left are logins that were never answered.
    gate.shutdown(Duration::ZERO).await;
    let judge = Judge::new(options.seed, working);
    let report = judge.judge(&fleet, &logs);
    let _ = fleet.stop().await;
    report
}

/// Half of the BMCs over HTTPS, the other half over IPMI.
fn start(options: BmcOptions) -> Fleet {
    let certificate = SimCertificate::new().unwrap();
    let redfish = options.bmcs.div_ceil(2);
    let first: Ipv4Addr = own_address(1).parse().unwrap();
    let options = FleetOptions {
        redfish,
        ipmi: options.bmcs - redfish,
        first,
        seed: options.seed,
        certificate: Some(certificate),
        ipmi_session_timeout: SESSION_TIMEOUT,
        ..FleetOptions::new("operator", "right-enough")
    };
    Fleet::start(&options).unwrap()
}

/// Waits until no session is open any more. Those that nobody could close because their IPMI BMC was
/// silent run out meanwhile.
async fn closed(fleet: &Fleet) {
    let end = Instant::now() + CLOSING;
    let open = || {
        fleet
            .members()
            .iter()
            .map(|member| member.bmc.open_sessions())
    };
    while Instant::now() < end && open().sum::<usize>() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How many resets a BMC got, and how many sessions it ended by itself.
fn seen(bmc: &FleetBmc) -> (usize, u64) {
    use assay_ipmi::command::chassis::Control;
    use assay_sim::ResetType;
    match bmc {
        FleetBmc::Redfish(bmc) => {
            let counters = bmc.counters();
            let kinds = [
                ResetType::ForceRestart,
                ResetType::GracefulRestart,
                ResetType::PowerCycle,
            ];
            (kinds.map(|kind| counters.accepted(kind)).iter().sum(), 0)
        }
        FleetBmc::Ipmi(bmc) => {
            let counters = bmc.counters();
            let kinds = [Control::Reset, Control::Cycle];
            let resets = kinds.map(|kind| counters.controls(kind)).iter().sum();
            (resets, counters.expired_sessions)
        }
        FleetBmc::Amt(_) => (0, 0),
    }
}
