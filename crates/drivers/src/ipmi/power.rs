//! Power of a machine over IPMI.

use std::time::Duration;

use assay_domain::capability::{PowerCapability, SendError};
use assay_domain::{DriverError, PowerCommand, PowerState};
use assay_ipmi::Error;
use assay_ipmi::command::chassis::Control;
use async_trait::async_trait;

use super::fault;
use super::session::Bmc;
use crate::poll;

/// How a command is carried out. A reset is the warm one: a power cycle is refused by many BMCs while
/// the machine is off, and takes seconds in which it is off.
fn control(command: PowerCommand) -> Control {
    match command {
        PowerCommand::On => Control::On,
        PowerCommand::Off => Control::Off,
        PowerCommand::Reset => Control::Reset,
        PowerCommand::Shutdown => Control::Soft,
    }
}

impl Bmc {
    async fn state(&self) -> Result<PowerState, Error> {
        let status = self.session.chassis_status().await?;
        Ok(if status.on {
            PowerState::On
        } else {
            PowerState::Off
        })
    }

    /// Whether the machine is in the wanted state after all, after the BMC said no.
    async fn is_there(&self, wanted: Option<PowerState>) -> bool {
        match wanted {
            Some(wanted) => self.state().await.is_ok_and(|state| state == wanted),
            None => false,
        }
    }
}

#[async_trait]
impl PowerCapability for Bmc {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        self.state().await.map_err(|error| self.error(&error))
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        let wanted = command.wanted_state();
        if wanted.is_some() {
            let state = self.state().await;
            let state = state.map_err(|error| SendError::NotSent(self.error(&error)))?;
            if wanted == Some(state) {
                return Ok(());
            }
        }
        let Err(error) = self.session.chassis_control(control(command)).await else {
            return Ok(());
        };
        let is_refusal = matches!(error, Error::Completion { .. });
        if is_refusal && self.is_there(wanted).await {
            return Ok(());
        }
        Err(fault::send(&self.peer, &error))
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        poll::until(&self.peer, wanted, limit, || self.power_state()).await
    }
}
