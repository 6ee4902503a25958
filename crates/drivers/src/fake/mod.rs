//! The fake driver, for tests and scale runs: machines that exist in this process only.
//!
//! It says that it is one: in the log when it is made, and in every machine's manufacturer and firmware.
//! It is not among [`crate::Drivers::standard`]; who wants it adds it.
//!
//! A machine is there as soon as it is asked for; its name is the power control's `host:port` and the
//! assignment's output. All sessions of one [`FakeDriver`] and its clones see the same machines.
//!
//! # Settings of a power control
//! | key | value |
//! |---|---|
//! | `delay` | how long each answer takes, 0 to 600 seconds; 0 when absent |
//! | `fail_every` | every so many-th request to the machine fails before it has an effect, 1 to 1,000,000; none when absent |
//! | `refuse` | `true`: every login is refused |
//! | `silent` | `true`: no answer ever comes, so that each request ends at its time limit |

mod facts;
mod machine;
mod session;
mod settings;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use std::time::Duration;

use assay_domain::gate::Pace;
use assay_domain::{Driver, DriverError, Session, Target};
use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Map, Value};

pub use machine::Seen;
pub use settings::validate_settings;

use machine::{Machine, Shared};
use session::FakeSession;

/// The machines by address, and there by output.
type Machines = HashMap<String, BTreeMap<String, Shared>>;

/// The driver of the protocol `fake`. Cloning shares its machines.
#[derive(Clone)]
pub struct FakeDriver {
    machines: Arc<Mutex<Machines>>,
}

impl FakeDriver {
    /// A driver without any machine yet.
    #[expect(
        clippy::new_without_default,
        reason = "nobody should get a fake driver without saying so"
    )]
    pub fn new() -> Self {
        tracing::warn!("the fake driver is in use: its machines exist in this process only");
        Self {
            machines: Arc::default(),
        }
    }

    /// What the machine at an address (`host:port`) and output has seen, if anybody has asked for it.
    pub fn seen(&self, endpoint: &str, output: &str) -> Option<Seen> {
        let machines = self.machines.lock();
        let machine = machines.get(endpoint)?.get(output)?;
        Some(machine.lock().seen.clone())
    }

    /// How many sessions are open, on all machines.
    pub fn open_sessions(&self) -> usize {
        let machines = self.machines.lock();
        let machines = machines.values().flat_map(BTreeMap::values);
        machines
            .map(|machine| machine.lock().seen.open_sessions)
            .sum()
    }

    fn machine(&self, target: &Target) -> Shared {
        let mut machines = self.machines.lock();
        let outputs = machines.entry(target.endpoint()).or_default();
        Arc::clone(outputs.entry(target.output.clone()).or_insert_with(|| {
            let machine = Machine::new(&target.endpoint(), &target.output);
            Arc::new(Mutex::new(machine))
        }))
    }

    /// The machines of an address that are there now, by output: `2` before `10`.
    fn outputs(&self, endpoint: &str) -> Vec<(String, Shared)> {
        let machines = self.machines.lock();
        let outputs = machines.get(endpoint).into_iter().flatten();
        let mut outputs: Vec<(String, Shared)> = outputs
            .map(|(output, machine)| (output.clone(), Arc::clone(machine)))
            .collect();
        outputs.sort_by_key(|(output, _)| (output.len(), output.clone()));
        outputs
    }
}

#[async_trait]
impl Driver for FakeDriver {
    fn protocol(&self) -> &'static str {
        "fake"
    }

    /// Nothing is hurt.
    fn pace(&self) -> Pace {
        Pace {
            interval: Duration::ZERO,
            refill: Duration::ZERO,
            burst: u32::MAX,
        }
    }

    fn check_settings(&self, _: &str, settings: &Map<String, Value>) -> Result<(), String> {
        validate_settings(settings)
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, DriverError> {
        Ok(Box::new(FakeSession::open(self, target).await?))
    }
}
