//! What the application reads from devices beside power, and tells them, through the gate.

use assay_domain::{Aspect, DeviceCommand, DeviceFacts, DriverError, Session, Target};
use futures::FutureExt;

use super::{Gate, Repeat};
use crate::peer::Peer;

impl Gate {
    /// What a device says of one of its aspects now.
    ///
    /// # Errors
    /// [`DriverError::Unsupported`] when the driver cannot read it, or the device does not have it.
    pub async fn facts(
        &self,
        target: &Target,
        protocol: &str,
        aspect: Aspect,
    ) -> Result<DeviceFacts, DriverError> {
        let lacks = Lacks::of(target, protocol);
        self.with(target, protocol, Repeat::Idempotent, move |session| {
            let lacks = lacks.clone();
            async move { read(session, aspect, &lacks).await }.boxed()
        })
        .await
    }

    /// Gives a device a command.
    ///
    /// # Errors
    /// As of [`Self::facts`]. Clearing the log is never repeated, because what was written to it
    /// meanwhile would be lost; the others are safe to repeat.
    pub async fn tell(
        &self,
        target: &Target,
        protocol: &str,
        command: DeviceCommand,
    ) -> Result<(), DriverError> {
        let lacks = Lacks::of(target, protocol);
        let repeat = match command {
            DeviceCommand::ClearEventLog => Repeat::Never,
            DeviceCommand::Identify(_) | DeviceCommand::SetBootOverride(_) => Repeat::Idempotent,
        };
        self.with(target, protocol, repeat, move |session| {
            let lacks = lacks.clone();
            async move { send(session, command, &lacks).await }.boxed()
        })
        .await
    }
}

async fn read(
    session: &dyn Session,
    aspect: Aspect,
    lacks: &Lacks,
) -> Result<DeviceFacts, DriverError> {
    match aspect {
        Aspect::Sensors => {
            let sensors = lacks.unless(session.sensors(), "sensors")?;
            sensors.sensors().await.map(DeviceFacts::Sensors)
        }
        Aspect::EventLog => {
            let log = lacks.unless(session.event_log(), "event log")?;
            log.event_log().await.map(DeviceFacts::EventLog)
        }
        Aspect::Parts => {
            let parts = lacks.unless(session.parts(), "list of parts")?;
            parts.parts().await.map(DeviceFacts::Parts)
        }
        Aspect::Management => {
            let device = lacks.unless(session.management(), "facts of the device itself")?;
            device.management_info().await.map(DeviceFacts::Management)
        }
        Aspect::BootOverride => {
            let boot = lacks.unless(session.boot_device(), "boot override")?;
            boot.boot_override().await.map(DeviceFacts::BootOverride)
        }
    }
}

async fn send(
    session: &dyn Session,
    command: DeviceCommand,
    lacks: &Lacks,
) -> Result<(), DriverError> {
    match command {
        DeviceCommand::Identify(how) => {
            let light = lacks.unless(session.identify(), "identification light")?;
            light.identify(how).await
        }
        DeviceCommand::ClearEventLog => {
            let log = lacks.unless(session.event_log(), "event log")?;
            log.clear_event_log().await
        }
        DeviceCommand::SetBootOverride(wanted) => {
            let boot = lacks.unless(session.boot_device(), "boot override")?;
            boot.set_boot_override(wanted).await
        }
    }
}

/// Tells what a session does not offer.
#[derive(Clone)]
struct Lacks {
    peer: Peer,
    protocol: String,
}

impl Lacks {
    fn of(target: &Target, protocol: &str) -> Self {
        Self {
            peer: Peer::of(target),
            protocol: protocol.to_owned(),
        }
    }

    fn unless<T>(&self, offered: Option<T>, what: &str) -> Result<T, DriverError> {
        offered.ok_or_else(|| {
            let protocol = &self.protocol;
            let cause = format!("not supported by this driver: {protocol} has no {what} here");
            self.peer.unsupported(cause)
        })
    }
}
