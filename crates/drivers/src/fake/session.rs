//! A session with a fake machine: each request waits, fails or is carried out as the settings say.

use std::time::Duration;

use assay_domain::capability::{
    BootDeviceCapability, BootOverride, EventLogCapability, EventLogEntry, Identify,
    IdentifyCapability, ManagementCapability, ManagementInfo, Output, OutputsCapability, Part,
    PartsCapability, PowerCapability, SendError, Sensor, SensorCapability, SystemCapability,
    SystemInfo,
};
use assay_domain::{DriverError, PowerCommand, PowerState, Session, Target};
use async_trait::async_trait;
use tokio::time::sleep;

use super::FakeDriver;
use super::facts;
use super::machine::{Machine, Shared};
use super::settings::Settings;
use crate::peer::Peer;
use crate::poll;

/// A session; dropping it ends it.
pub(super) struct FakeSession {
    driver: FakeDriver,
    machine: Shared,
    peer: Peer,
    settings: Settings,
    limit: Duration,
    login: Option<String>,
}

impl FakeSession {
    /// Logs in, unless the settings say otherwise.
    pub(super) async fn open(driver: &FakeDriver, target: &Target) -> Result<Self, DriverError> {
        let peer = Peer::of(target);
        let settings = Settings::read(&target.settings).map_err(|error| peer.unsupported(error))?;
        let machine = driver.machine(target);
        machine.lock().seen.open_sessions += 1;
        let session = Self {
            driver: driver.clone(),
            machine,
            peer,
            settings,
            limit: target.request_timeout,
            login: target.login.clone(),
        };
        let refused = session.settings.refuse;
        session
            .ask(|machine| machine.seen.refused_logins += u64::from(refused))
            .await?;
        if refused {
            return Err(session.peer.refused("it is set to refuse every login"));
        }
        Ok(session)
    }

    /// One request: waits, then fails or lets `answer` have the machine.
    async fn ask<T>(
        &self,
        answer: impl FnOnce(&mut Machine) -> T + Send,
    ) -> Result<T, DriverError> {
        if self.settings.silent || self.settings.delay > self.limit {
            sleep(self.limit).await;
            return Err(self.peer.timed_out("it is set to answer late or never"));
        }
        if !self.settings.delay.is_zero() {
            sleep(self.settings.delay).await;
        }
        let mut machine = self.machine.lock();
        machine.seen.requests += 1;
        let number = machine.seen.requests;
        if let Some(every) = self.settings.fail_every
            && number.is_multiple_of(every)
        {
            return Err(self.peer.failed("it is set to fail every so often"));
        }
        Ok(answer(&mut machine))
    }
}

impl Drop for FakeSession {
    fn drop(&mut self) {
        self.machine.lock().seen.open_sessions -= 1;
    }
}

#[async_trait]
impl PowerCapability for FakeSession {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        self.ask(|machine| machine.power).await
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        let sent = self.ask(|machine| machine.obey(command)).await;
        // What fails or is late here never reaches the machine.
        sent.map_err(SendError::NotSent)
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        poll::until(&self.peer, wanted, limit, || self.power_state()).await
    }
}

#[async_trait]
impl BootDeviceCapability for FakeSession {
    async fn boot_override(&self) -> Result<BootOverride, DriverError> {
        self.ask(|machine| machine.boot).await
    }

    async fn set_boot_override(&self, wanted: BootOverride) -> Result<(), DriverError> {
        self.ask(|machine| machine.boot = wanted).await
    }
}

#[async_trait]
impl SystemCapability for FakeSession {
    async fn system_info(&self) -> Result<SystemInfo, DriverError> {
        self.ask(|machine| machine.system.clone()).await
    }
}

#[async_trait]
impl IdentifyCapability for FakeSession {
    async fn identify(&self, how: Identify) -> Result<(), DriverError> {
        self.ask(|machine| machine.seen.light = Some(how)).await
    }
}

#[async_trait]
impl SensorCapability for FakeSession {
    async fn sensors(&self) -> Result<Vec<Sensor>, DriverError> {
        self.ask(|machine| facts::sensors(machine.power)).await
    }
}

#[async_trait]
impl EventLogCapability for FakeSession {
    async fn event_log(&self) -> Result<Vec<EventLogEntry>, DriverError> {
        self.ask(|machine| machine.log.clone()).await
    }

    async fn clear_event_log(&self) -> Result<(), DriverError> {
        self.ask(|machine| machine.log.clear()).await
    }
}

#[async_trait]
impl PartsCapability for FakeSession {
    async fn parts(&self) -> Result<Vec<Part>, DriverError> {
        self.ask(|machine| facts::parts(&machine.system)).await
    }
}

#[async_trait]
impl ManagementCapability for FakeSession {
    async fn management_info(&self) -> Result<ManagementInfo, DriverError> {
        let login = self.login.as_deref();
        self.ask(|_| facts::management(login)).await
    }
}

#[async_trait]
impl OutputsCapability for FakeSession {
    /// The outputs that anybody has asked for.
    async fn outputs(&self) -> Result<Vec<Output>, DriverError> {
        self.ask(|_| ()).await?;
        let outputs = self.driver.outputs(self.peer.endpoint());
        let outputs = outputs.into_iter().map(|(name, machine)| Output {
            name,
            label: None,
            state: Some(machine.lock().power),
        });
        Ok(outputs.collect())
    }
}

#[async_trait]
impl Session for FakeSession {
    fn power(&self) -> Option<&dyn PowerCapability> {
        Some(self)
    }

    fn boot_device(&self) -> Option<&dyn BootDeviceCapability> {
        Some(self)
    }

    fn system(&self) -> Option<&dyn SystemCapability> {
        Some(self)
    }

    fn identify(&self) -> Option<&dyn IdentifyCapability> {
        Some(self)
    }

    fn sensors(&self) -> Option<&dyn SensorCapability> {
        Some(self)
    }

    fn event_log(&self) -> Option<&dyn EventLogCapability> {
        Some(self)
    }

    fn parts(&self) -> Option<&dyn PartsCapability> {
        Some(self)
    }

    fn management(&self) -> Option<&dyn ManagementCapability> {
        Some(self)
    }

    fn outputs(&self) -> Option<&dyn OutputsCapability> {
        Some(self)
    }

    async fn close(self: Box<Self>) {
        drop(self);
    }
}
