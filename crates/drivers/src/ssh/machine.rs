//! A session with a device, and the machine that its commands switch.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::capability::{
    BootDevice, BootDeviceCapability, BootOverride, Identify, IdentifyCapability, PowerCapability,
    SendError,
};
use assay_domain::{DriverError, HostKeys, PowerCommand, PowerState, Session, Target};
use async_trait::async_trait;

use super::commands::Commands;
use super::exec::{Done, run};
use super::login::{Connection, Visitor};
use super::reading::Reading;
use super::settings::Settings;
use super::trust::Trust;
use crate::peer::Peer;
use crate::poll;

/// A session with the device of one machine.
pub(super) struct Machine {
    connection: Connection,
    peer: Peer,
    commands: Commands,
    reading: Reading,
    /// For one command.
    limit: Duration,
}

impl Machine {
    /// Connects, checks the host key, logs in.
    pub(super) async fn open(
        host_keys: Option<Arc<dyn HostKeys>>,
        target: &Target,
    ) -> Result<Self, DriverError> {
        let peer = Peer::of(target);
        let settings = Settings::of(target, &peer)?;
        let Some(rule) = settings.rule else {
            return Err(peer.unsupported(
                "setting 'host_key' is missing: nothing says which device is to be believed",
            ));
        };
        let visitor = Visitor::of(target, &peer).await?;
        let trust = Trust::of(rule, host_keys, target.power_control_id).await;
        let trust = trust.map_err(|fault| fault.into_driver(&peer))?;
        let limit = settings.command_timeout.unwrap_or(target.request_timeout);
        Ok(Self {
            connection: visitor.enter(target, trust, limit).await?,
            peer,
            commands: settings.commands,
            reading: settings.reading,
            limit,
        })
    }

    async fn run(&self, name: &str, line: Option<&String>) -> Result<Done, SendError> {
        match line {
            Some(line) => run(&self.connection, &self.peer, line, None, self.limit).await,
            None => Err(SendError::NotSent(self.peer.unsupported(format!(
                "the power control's settings have no command '{name}'"
            )))),
        }
    }

    /// Runs a command that has to succeed and may be repeated.
    async fn carry_out(&self, name: &str, line: Option<&String>) -> Result<(), DriverError> {
        let done = self.run(name, line).await.map_err(SendError::into_inner)?;
        if done.code == 0 {
            Ok(())
        } else {
            Err(self.failed(name, &done))
        }
    }

    fn failed(&self, name: &str, done: &Done) -> DriverError {
        let Done {
            code, complaint, ..
        } = done;
        self.peer.failed(if complaint.is_empty() {
            format!("its command '{name}' ended with exit code {code}")
        } else {
            format!("its command '{name}' ended with exit code {code}: {complaint}")
        })
    }

    /// What a command that ended with an exit code has done. One that failed may have done it all the
    /// same, or half of it: the state tells, where there is one to tell.
    async fn judge(&self, command: PowerCommand, name: &str, done: &Done) -> Result<(), SendError> {
        if done.code == 0 {
            return Ok(());
        }
        let error = self.failed(name, done);
        let Some(wanted) = command.wanted_state() else {
            return Err(SendError::Unknown(error));
        };
        match self.power_state().await {
            Ok(state) if state == wanted => Ok(()),
            Ok(_) => Err(SendError::NotSent(error)),
            Err(_) => Err(SendError::Unknown(error)),
        }
    }
}

#[async_trait]
impl PowerCapability for Machine {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        let done = self.run("status", self.commands.status.as_ref()).await;
        let done = done.map_err(SendError::into_inner)?;
        match self.reading.state(done.code, &done.printed) {
            Some(state) if done.code == 0 || self.reading.is_by_code() => Ok(state),
            _ if done.code != 0 => Err(self.failed("status", &done)),
            _ => Err(self.peer.malformed(format!(
                "its command 'status' shows neither on nor off: {}",
                done.printed.trim()
            ))),
        }
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        let (name, line) = match command {
            PowerCommand::On => ("on", &self.commands.on),
            PowerCommand::Off => ("off", &self.commands.off),
            PowerCommand::Reset => ("reset", &self.commands.reset),
            PowerCommand::Shutdown => ("shutdown", &self.commands.shutdown),
        };
        if let Some(wanted) = command.wanted_state()
            && self.power_state().await.map_err(SendError::NotSent)? == wanted
        {
            return Ok(());
        }
        let done = self.run(name, line.as_ref()).await?;
        self.judge(command, name, &done).await
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        poll::until(&self.peer, wanted, limit, || self.power_state()).await
    }
}

#[async_trait]
impl BootDeviceCapability for Machine {
    async fn boot_override(&self) -> Result<BootOverride, DriverError> {
        Err(self
            .peer
            .unsupported("no command tells what the machine boots"))
    }

    async fn set_boot_override(&self, wanted: BootOverride) -> Result<(), DriverError> {
        let (name, line) = match wanted.device {
            Some(BootDevice::Network) => ("boot_network", &self.commands.boot_network),
            None => ("boot_default", &self.commands.boot_default),
            Some(_) => {
                let cause = "there are commands to boot from the network and by default only";
                return Err(self.peer.unsupported(cause));
            }
        };
        if wanted.mode.is_some() || wanted.persistent {
            let cause = "its commands choose neither BIOS or UEFI nor how long the choice holds";
            return Err(self.peer.unsupported(cause));
        }
        self.carry_out(name, line.as_ref()).await
    }
}

#[async_trait]
impl IdentifyCapability for Machine {
    async fn identify(&self, how: Identify) -> Result<(), DriverError> {
        match how {
            Identify::On => {
                let line = self.commands.identify_on.as_ref();
                self.carry_out("identify_on", line).await
            }
            Identify::Off => {
                let line = self.commands.identify_off.as_ref();
                self.carry_out("identify_off", line).await
            }
            Identify::For(_) => Err(self
                .peer
                .unsupported("its light is switched on and off, not for a time")),
        }
    }
}

#[async_trait]
impl Session for Machine {
    fn power(&self) -> Option<&dyn PowerCapability> {
        Some(self)
    }

    fn boot_device(&self) -> Option<&dyn BootDeviceCapability> {
        self.commands.boot_network.as_ref()?;
        Some(self)
    }

    fn identify(&self) -> Option<&dyn IdentifyCapability> {
        self.commands.identify_on.as_ref()?;
        Some(self)
    }

    async fn close(self: Box<Self>) {
        self.connection.close().await;
    }
}
