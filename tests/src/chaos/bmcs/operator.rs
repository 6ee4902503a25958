//! Who commands one BMC while faults are played on it, and notes what came of each command.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use assay_domain::{DriverError, PowerState, Target, TlsTrust};
use assay_drivers::{Gate, ResetOutcome};
use assay_sim::{FleetBmc, Member, Power};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::BmcFault;

/// How long a machine may take to be in a state, when a BMC has a fault.
const LIMIT: Duration = Duration::from_secs(8);
/// When it has none any more, a command is given again until it is obeyed, for so long: a Redfish login
/// that was never answered keeps one of the two seats on its BMC for half a minute.
const OBEYS: Duration = Duration::from_secs(60);

/// What came of all commands to one BMC.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// How often a command ended like that.
    pub(super) outcomes: BTreeMap<String, usize>,
    /// Faults that were played, by name.
    pub(super) faults: BTreeMap<&'static str, usize>,
    /// Resets that were done, and those of which nobody can tell.
    pub(super) resets: (usize, usize),
    /// The longest command.
    pub(super) longest: Duration,
    /// How long it took after the last fault until a command was obeyed.
    pub(super) obeyed: Duration,
    /// What must not be.
    pub(super) violations: Vec<String>,
}

/// The operator of one BMC.
pub(super) struct Operator<'a> {
    gate: &'a Gate,
    bmc: &'a FleetBmc,
    name: String,
    target: Target,
    random: StdRng,
    /// What the last command said that was confirmed; none after one of which nobody can tell.
    confirmed: Option<PowerState>,
    log: Log,
}

impl<'a> Operator<'a> {
    pub(super) fn new(
        gate: &'a Gate,
        member: &'a Member,
        number: usize,
        seed: u64,
        request_timeout: Duration,
    ) -> Self {
        let bmc = &member.bmc;
        let machine = bmc.machine();
        let address = bmc.address();
        let target = Target {
            power_control_id: i64::try_from(number).unwrap() + 1,
            control_type: bmc.protocol().control_type().to_owned(),
            host: address.ip().to_string(),
            port: address.port(),
            login: Some("operator".to_owned()),
            password: Some(assay_domain::Secret::new("right-enough")),
            ssh_key: None,
            trust: TlsTrust::Insecure,
            output: String::new(),
            settings: serde_json::Map::new(),
            request_timeout,
        };
        Self {
            gate,
            bmc,
            name: format!("{} ({})", machine.hardware().name, bmc.protocol().name()),
            target,
            random: StdRng::seed_from_u64(seed.wrapping_add(number as u64)),
            confirmed: None,
            log: Log::default(),
        }
    }

    /// Commands until all faults have been played, and once more when all is well again.
    pub(super) async fn work(mut self, faults: Vec<BmcFault>) -> Log {
        let bmc = self.bmc;
        let mut played = BTreeMap::new();
        let play = async {
            for BmcFault {
                after,
                fault,
                lasts,
            } in faults
            {
                tokio::time::sleep(after).await;
                bmc.set_fault(Some(fault));
                *played.entry(fault.name()).or_default() += 1;
                tokio::time::sleep(lasts).await;
                bmc.set_fault(None);
            }
        };
        let (over, mut hears) = tokio::sync::oneshot::channel();
        let play = async {
            play.await;
            let _ = over.send(());
        };
        let command = async {
            while hears.try_recv().is_err() {
                self.command().await;
                let pause = self.random.random_range(20..200);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        };
        tokio::join!(play, command);
        self.log.faults = played;
        self.last().await;
        self.log
    }

    /// One command at random.
    async fn command(&mut self) {
        self.check();
        let protocol = self.bmc.protocol().name();
        let began = Instant::now();
        let outcome = match self.random.random_range(0..10) {
            0..4 => self.ensure(PowerState::On, LIMIT).await,
            4..8 => self.ensure(PowerState::Off, LIMIT).await,
            // A reset switches on what is off with some BMCs; so only what is known to be on gets one.
            8 if self.confirmed == Some(PowerState::On) => {
                match self.gate.reset_once(&self.target, protocol).await {
                    ResetOutcome::Done => {
                        self.log.resets.0 += 1;
                        Ok(())
                    }
                    ResetOutcome::NotSent(error) => Err(error),
                    ResetOutcome::Unknown(error) => {
                        self.log.resets.1 += 1;
                        Err(error)
                    }
                }
            }
            _ => {
                let read = self.gate.power_state(&self.target, protocol).await;
                self.judge_reading(read)
            }
        };
        self.log.longest = self.log.longest.max(began.elapsed());
        let outcome = outcome.map_or_else(|error| kind(&error), |()| "done");
        *self.log.outcomes.entry(outcome.to_owned()).or_default() += 1;
    }

    async fn ensure(&mut self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        self.confirmed = None;
        let protocol = self.bmc.protocol().name();
        let ensured = self
            .gate
            .ensure_power(&self.target, protocol, wanted, limit);
        ensured.await?;
        self.confirmed = Some(wanted);
        Ok(())
    }

    /// A state that is read must be the one that was confirmed.
    fn judge_reading(&mut self, read: Result<PowerState, DriverError>) -> Result<(), DriverError> {
        let read = read?;
        if let Some(confirmed) = self.confirmed
            && confirmed != read
        {
            self.violates(format!(
                "{read:?} was read after {confirmed:?} was confirmed"
            ));
        }
        Ok(())
    }

    /// The machine is as the last confirmed command said.
    fn check(&mut self) {
        let power = match self.bmc.machine().power() {
            Power::On => PowerState::On,
            Power::Off => PowerState::Off,
        };
        if let Some(confirmed) = self.confirmed
            && confirmed != power
        {
            self.violates(format!("it is {power:?} after {confirmed:?} was confirmed"));
            self.confirmed = None;
        }
    }

    /// Now that nothing is wrong any more, a command must be obeyed.
    async fn last(&mut self) {
        self.check();
        let wanted = if self.random.random() {
            PowerState::On
        } else {
            PowerState::Off
        };
        let began = Instant::now();
        while let Err(error) = self.ensure(wanted, LIMIT).await {
            if began.elapsed() > OBEYS {
                self.violates(format!("it is stuck at the end: {error}"));
                break;
            }
        }
        self.log.obeyed = began.elapsed();
        self.check();
    }

    fn violates(&mut self, what: String) {
        self.log.violations.push(format!("{}: {what}", self.name));
    }
}

/// The kind of an error.
fn kind(error: &DriverError) -> &'static str {
    match error {
        DriverError::Unreachable { .. } => "unreachable",
        DriverError::TimedOut { .. } => "timed out",
        DriverError::Refused { .. } => "refused",
        DriverError::Untrusted { .. } => "untrusted",
        DriverError::Unsupported { .. } => "unsupported",
        DriverError::Malformed { .. } => "malformed",
        DriverError::NotAsked { .. } => "not asked",
        DriverError::Failed { .. } => "failed",
    }
}
