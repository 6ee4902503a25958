//! The machine under a host of a simulated cloud: when it has no power, neither has the host.

use std::sync::Arc;

use assay_sim::{BootPlan, Console, Error, HostCondition, IdleMachine, Machine, Power, SimMachine};
use async_trait::async_trait;

use crate::lab;
use crate::openstack::Cloud;

/// The machine under a host; the host and its instances live and die with its power.
pub struct Hypervisor {
    machine: IdleMachine,
    cloud: Arc<Cloud>,
}

impl Hypervisor {
    /// The machine under this host, which runs.
    pub async fn of(cloud: &Arc<Cloud>, host: &str, number: usize) -> Self {
        let hardware = SimMachine {
            name: host.to_owned(),
            ..lab::hardware(number)
        };
        let plan = hardware.default_plan();
        let machine = IdleMachine::new(hardware);
        machine.power_on(plan).await.unwrap();
        Self {
            machine,
            cloud: Arc::clone(cloud),
        }
    }

    fn tell(&self, condition: HostCondition) {
        let host = &self.machine.hardware().name;
        let cloud = self.cloud.simulator();
        assert!(cloud.set_condition(host, condition), "{host}");
    }
}

#[async_trait]
impl Machine for Hypervisor {
    fn hardware(&self) -> &SimMachine {
        self.machine.hardware()
    }

    fn power(&self) -> Power {
        self.machine.power()
    }

    async fn power_on(&self, plan: BootPlan) -> Result<(), Error> {
        self.machine.power_on(plan).await?;
        self.tell(HostCondition::Well);
        Ok(())
    }

    async fn power_off(&self) -> Result<(), Error> {
        self.machine.power_off().await?;
        self.tell(HostCondition::PoweredOff);
        Ok(())
    }

    async fn press_power_button(&self) -> Result<(), Error> {
        self.machine.press_power_button().await?;
        if self.machine.power() == Power::Off {
            self.tell(HostCondition::PoweredOff);
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
