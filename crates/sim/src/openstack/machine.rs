//! The machine under a host of a simulated cloud: when it has no power, neither has the host.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Utc;

use super::{HostCondition, Shared};
use crate::Error;
use crate::console::Console;
use crate::hardware::{BootPlan, SimMachine};
use crate::machine::idle::IdleMachine;
use crate::machine::{Machine, Power};

/// A host of a simulated cloud, to be stood on a machine.
#[derive(Clone)]
pub struct CloudHost {
    shared: Arc<Shared>,
    name: String,
}

impl CloudHost {
    pub(super) fn new(shared: Arc<Shared>, name: &str) -> Self {
        Self {
            shared,
            name: name.to_owned(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn becomes(&self, condition: HostCondition) {
        let (mut cloud, now) = (self.shared.cloud.lock(), Utc::now());
        cloud.advance(now);
        if let Some(place) = cloud.host_place(&self.name) {
            cloud.set_condition(place, condition, now);
        }
    }
}

/// A machine that does nothing but be on or off, with a host of a simulated cloud on it: the host and its
/// instances live and die with its power.
pub struct HostMachine {
    machine: IdleMachine,
    host: CloudHost,
}

impl HostMachine {
    /// The machine under this host, which runs; it has the host's name.
    pub fn new(hardware: SimMachine, host: CloudHost) -> Self {
        let hardware = SimMachine {
            name: host.name.clone(),
            ..hardware
        };
        let plan = hardware.default_plan();
        Self {
            machine: IdleMachine::new(hardware).started(plan),
            host,
        }
    }
}

#[async_trait]
impl Machine for HostMachine {
    fn hardware(&self) -> &SimMachine {
        self.machine.hardware()
    }

    fn power(&self) -> Power {
        self.machine.power()
    }

    async fn power_on(&self, plan: BootPlan) -> Result<(), Error> {
        self.machine.power_on(plan).await?;
        self.host.becomes(HostCondition::Well);
        Ok(())
    }

    async fn power_off(&self) -> Result<(), Error> {
        self.machine.power_off().await?;
        self.host.becomes(HostCondition::PoweredOff);
        Ok(())
    }

    async fn press_power_button(&self) -> Result<(), Error> {
        self.machine.press_power_button().await?;
        if self.machine.power() == Power::Off {
            self.host.becomes(HostCondition::PoweredOff);
        }
        Ok(())
    }

    async fn interrupt(&self) -> Result<(), Error> {
        self.machine.interrupt().await
    }

    fn console(&self) -> Arc<Console> {
        self.machine.console()
    }
}
