//! A relay's coils as outputs: reading, switching, resetting.

use std::time::Duration;

use assay_domain::capability::{Output, OutputsCapability, PowerCapability, SendError};
use assay_domain::{DriverError, PowerCommand, PowerState, Session, Target};
use async_trait::async_trait;
use tokio::time::sleep;
use tokio_modbus::{Request, Response};

use super::line::Line;
use super::settings::Settings;
use crate::peer::Peer;
use crate::poll;
use crate::retry::jittered;

/// How often a reset tries to give the power back.
const ON_ATTEMPTS: u32 = 3;
/// Between two of these attempts, at most.
const ON_PAUSE: Duration = Duration::from_secs(1);

/// A session with a relay.
pub(super) struct Relay {
    line: Line,
    peer: Peer,
    settings: Settings,
    /// The coil of the target's output, or why there is none: a session that only lists outputs needs
    /// none.
    coil: Result<u16, String>,
}

impl Relay {
    /// Connects.
    pub(super) async fn open(target: &Target) -> Result<Self, DriverError> {
        let peer = Peer::of(target);
        let settings = Settings::of(target, &peer)?;
        let coil = settings.coil(&target.output);
        if let Err(error) = &coil
            && !target.output.trim().is_empty()
        {
            return Err(peer.unsupported(error));
        }
        Ok(Self {
            line: Line::open(target, settings.unit, &peer).await?,
            peer,
            settings,
            coil,
        })
    }

    fn coil(&self) -> Result<u16, DriverError> {
        self.coil
            .clone()
            .map_err(|error| self.peer.unsupported(error))
    }

    fn state_of(&self, coil: bool) -> PowerState {
        if coil == self.settings.inverted {
            PowerState::Off
        } else {
            PowerState::On
        }
    }

    /// The values of `count` coils from `first`, in one read (V1.1b3, 6.1).
    async fn read(&self, first: u16, count: u16) -> Result<Vec<PowerState>, DriverError> {
        let last = first + (count - 1);
        let what = if count == 1 {
            format!("reading coil {first}")
        } else {
            format!("reading coils {first} to {last}")
        };
        let answer = self.line.call(Request::ReadCoils(first, count)).await;
        match answer.map_err(|fault| fault.into_driver(&self.peer, &what))? {
            // Coils come in whole bytes; the bits beyond the count are padding.
            Response::ReadCoils(coils) if coils.len() == usize::from(count).next_multiple_of(8) => {
                let coils = coils.into_iter().take(usize::from(count));
                Ok(coils.map(|coil| self.state_of(coil)).collect())
            }
            Response::ReadCoils(coils) => Err(self
                .peer
                .malformed(format!("{what}: {} bits came", coils.len()))),
            _ => Err(self
                .peer
                .malformed(format!("{what}: the answer has no coils"))),
        }
    }

    async fn state(&self, coil: u16) -> Result<PowerState, DriverError> {
        let states = self.read(coil, 1).await?;
        let state = states.first().copied();
        state.ok_or_else(|| self.peer.malformed("the answer has no coils"))
    }

    /// Writes a coil (V1.1b3, 6.5) and reads it back.
    async fn write(&self, coil: u16, wanted: PowerState) -> Result<(), SendError> {
        let what = format!("switching coil {coil} for {}", wanted.as_str());
        let value = (wanted == PowerState::On) != self.settings.inverted;
        match self.line.call(Request::WriteSingleCoil(coil, value)).await {
            // The answer repeats the request.
            Ok(Response::WriteSingleCoil(to, written)) if (to, written) == (coil, value) => {}
            Ok(_) => {
                let error = format!("{what}: the answer is about something else");
                return Err(SendError::Unknown(self.peer.malformed(error)));
            }
            Err(fault) => return Err(fault.into_send(&self.peer, &what)),
        }
        match self.state(coil).await {
            Ok(state) if state == wanted => Ok(()),
            Ok(state) => Err(SendError::Unknown(self.peer.failed(format!(
                "{what}: the device took it, and the output is still {}",
                state.as_str()
            )))),
            Err(error) => Err(SendError::Unknown(error)),
        }
    }

    async fn switch(&self, wanted: PowerState) -> Result<(), SendError> {
        let coil = self.coil().map_err(SendError::NotSent)?;
        if self.state(coil).await.map_err(SendError::NotSent)? == wanted {
            return Ok(());
        }
        self.write(coil, wanted).await
    }

    /// Off, a pause, on. A machine that was off is on afterwards.
    async fn reset(&self) -> Result<(), SendError> {
        let coil = self.coil().map_err(SendError::NotSent)?;
        let off = self.write(coil, PowerState::Off).await;
        if let Err(SendError::NotSent(_)) = &off {
            return off;
        }
        sleep(self.settings.reset_pause).await;
        let on = self.give_back(coil).await;
        // What became of the first write is not known for certain: the power was given back, in case.
        off?;
        on.map_err(|error| SendError::Unknown(error.into_inner()))
    }

    /// Switches on, more than once if need be: that is no second reset, and a machine should not stay
    /// off because one answer was lost.
    async fn give_back(&self, coil: u16) -> Result<(), SendError> {
        let mut attempt = 1;
        loop {
            match self.write(coil, PowerState::On).await {
                Err(error) if attempt < ON_ATTEMPTS => {
                    tracing::debug!(%error, attempt, "a reset could not give the power back yet");
                    sleep(jittered(ON_PAUSE)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

#[async_trait]
impl PowerCapability for Relay {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        self.state(self.coil()?).await
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        match command {
            PowerCommand::On => self.switch(PowerState::On).await,
            PowerCommand::Off => self.switch(PowerState::Off).await,
            PowerCommand::Reset => self.reset().await,
            PowerCommand::Shutdown => Err(SendError::NotSent(
                self.peer
                    .unsupported("a relay cannot ask an operating system to shut down"),
            )),
        }
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        poll::until(&self.peer, wanted, limit, || self.power_state()).await
    }
}

#[async_trait]
impl OutputsCapability for Relay {
    async fn outputs(&self) -> Result<Vec<Output>, DriverError> {
        let states = self
            .read(self.settings.first_coil, self.settings.coils)
            .await?;
        let outputs = states.into_iter().zip(1_u16..);
        Ok(outputs
            .map(|(state, number)| Output {
                name: number.to_string(),
                label: None,
                state: Some(state),
            })
            .collect())
    }
}

#[async_trait]
impl Session for Relay {
    fn power(&self) -> Option<&dyn PowerCapability> {
        Some(self)
    }

    fn outputs(&self) -> Option<&dyn OutputsCapability> {
        Some(self)
    }

    async fn close(self: Box<Self>) {
        self.line.close().await;
    }
}
