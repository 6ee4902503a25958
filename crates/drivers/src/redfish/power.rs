//! Power of a machine over Redfish.

use std::time::Duration;

use assay_domain::capability::{PowerCapability, SendError};
use assay_domain::{DriverError, PowerCommand, PowerState};
use async_trait::async_trait;
use nv_redfish::core::ODataId;
use nv_redfish::schema::computer_system::ComputerSystem;
use nv_redfish::schema::resource::{PowerState as Reported, ResetType};
use serde_json::Value;

use super::fault::of_read;
use super::session::Machine;
use crate::poll;

/// Ways to carry out a command, the best first; the power button only where the state before it is
/// known, since it switches to the other one.
fn ways(command: PowerCommand) -> &'static [(ResetType, &'static str)] {
    match command {
        PowerCommand::On => &[
            (ResetType::On, "On"),
            (ResetType::ForceOn, "ForceOn"),
            (ResetType::PushPowerButton, "PushPowerButton"),
        ],
        PowerCommand::Off => &[(ResetType::ForceOff, "ForceOff")],
        PowerCommand::Reset => &[
            (ResetType::ForceRestart, "ForceRestart"),
            (ResetType::PowerCycle, "PowerCycle"),
        ],
        PowerCommand::Shutdown => &[
            (ResetType::GracefulShutdown, "GracefulShutdown"),
            (ResetType::PushPowerButton, "PushPowerButton"),
        ],
    }
}

/// The state as far as Assay tells states apart. A machine on its way counts as still where it came
/// from: what is waited for has not happened yet.
fn state_of(reported: Reported) -> Option<PowerState> {
    match reported {
        Reported::On | Reported::PoweringOff | Reported::Paused | Reported::Sleeping => {
            Some(PowerState::On)
        }
        Reported::Off | Reported::PoweringOn | Reported::Hibernating => Some(PowerState::Off),
        Reported::UnsupportedValue => None,
    }
}

/// Whether a machine is in a state, or on its way there by itself.
fn is_or_becomes(reported: Reported, wanted: PowerState) -> bool {
    match wanted {
        PowerState::On => matches!(reported, Reported::On | Reported::PoweringOn),
        PowerState::Off => matches!(reported, Reported::Off | Reported::PoweringOff),
    }
}

impl Machine {
    async fn reported(&self) -> Result<(ComputerSystem, Value, Reported), DriverError> {
        let (system, document) = self.read().await?;
        match system.power_state.flatten() {
            Some(reported) => Ok((system, document, reported)),
            None => Err(self
                .wire
                .peer
                .malformed(format!("{} has no power state", self.system))),
        }
    }

    /// The values that the reset action takes, if the BMC tells: in the action itself, or in the
    /// ActionInfo that it points to (DSP0266, 9.6.16).
    async fn allowed(&self, document: &Value) -> Result<Option<Vec<String>>, DriverError> {
        let Some(action) = document.pointer("/Actions/#ComputerSystem.Reset") else {
            return Ok(None);
        };
        if let Some(values) = action.get("ResetType@Redfish.AllowableValues") {
            return Ok(texts(values));
        }
        let Some(info) = action.get("@Redfish.ActionInfo").and_then(Value::as_str) else {
            return Ok(None);
        };
        let info = self.wire.read(&ODataId::from(info.to_owned())).await?;
        let parameters = info.get("Parameters").and_then(Value::as_array);
        Ok(parameters
            .into_iter()
            .flatten()
            .find(|parameter| parameter.get("Name").and_then(Value::as_str) == Some("ResetType"))
            .and_then(|parameter| texts(parameter.get("AllowableValues")?)))
    }

    async fn way(&self, command: PowerCommand, document: &Value) -> Result<ResetType, DriverError> {
        let allowed = self.allowed(document).await?;
        let ways = ways(command);
        ways.iter()
            .find(|(_, name)| {
                allowed
                    .as_ref()
                    .is_none_or(|allowed| allowed.iter().any(|value| value == name))
            })
            .map(|(way, _)| *way)
            .ok_or_else(|| {
                self.wire.peer.unsupported(format!(
                    "the BMC offers no way to do {}, only: {}",
                    command.as_str(),
                    allowed.unwrap_or_default().join(", ")
                ))
            })
    }

    /// Whether the machine is in the wanted state after all, after a BMC said no.
    async fn is_there(&self, wanted: Option<PowerState>) -> bool {
        let Some(wanted) = wanted else { return false };
        self.reported()
            .await
            .is_ok_and(|(_, _, reported)| is_or_becomes(reported, wanted))
    }
}

fn texts(values: &Value) -> Option<Vec<String>> {
    let values = values.as_array()?;
    Some(
        values
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect(),
    )
}

#[async_trait]
impl PowerCapability for Machine {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        let (_, _, reported) = self.reported().await?;
        state_of(reported).ok_or_else(|| {
            self.wire
                .peer
                .malformed("the BMC reports a power state that the standard does not have")
        })
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        let (system, document, reported) = self.reported().await.map_err(SendError::NotSent)?;
        let wanted = command.wanted_state();
        if wanted.is_some_and(|wanted| is_or_becomes(reported, wanted)) {
            return Ok(());
        }
        let way = self
            .way(command, &document)
            .await
            .map_err(SendError::NotSent)?;
        let Some(actions) = &system.actions else {
            let error = self
                .wire
                .peer
                .unsupported("the BMC offers no power actions");
            return Err(SendError::NotSent(error));
        };
        let Err(error) = actions.reset(&self.wire.bmc, Some(way)).await else {
            return Ok(());
        };
        let fault = of_read(error);
        if fault.is_refusal() && self.is_there(wanted).await {
            return Ok(());
        }
        Err(fault.into_send(&self.wire.peer, self.wire.proof))
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        poll::until(&self.wire.peer, wanted, limit, || self.power_state()).await
    }
}
