//! The DaenetIP2_ACPI: a DAEnetIP2 whose lines are wired to machines' power and reset buttons, and
//! whose inputs show whether the machines run.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::capability::{Output, OutputsCapability, PowerCapability, SendError};
use assay_domain::{DriverError, PowerCommand, PowerState};
use async_snmp::Oid;
use async_trait::async_trait;
use tokio_util::task::TaskTracker;

use super::oid::{Pattern, PatternError, Place};
use super::settings::ButtonSettings;
use super::stroke::Stroke;
use super::wire::Wire;
use crate::poll;

/// The power buttons: the digital outputs, port P5, which public programs address as port 2. The maker's
/// MIB was not at hand to check it.
const POWER_OID: &str = "1.3.6.1.4.1.19865.1.2.2.{outlet}.0";
/// The reset buttons: the digital lines of port P3 (port 1), which must be set up as outputs.
const RESET_OID: &str = "1.3.6.1.4.1.19865.1.2.1.{outlet}.0";
/// The machines' power lights: the analog inputs, port P6 (port 3), 0 to 1023.
const STATE_OID: &str = "1.3.6.1.4.1.19865.1.2.3.{outlet}.0";
/// The least reading that is a light: half of an analog input's range.
const ON_FROM: i64 = 512;
/// A press that switches on, or asks the operating system to shut down.
const PRESS: Duration = Duration::from_millis(500);
/// A press that forces a machine off: ACPI's power button override takes more than four seconds.
const LONG_PRESS: Duration = Duration::from_secs(6);
/// A press of the reset button.
const RESET_PRESS: Duration = Duration::from_millis(500);
/// How many machines the device has lines for.
const OUTPUTS: u32 = 8;
/// How many lines a port has.
const PORT: u32 = 8;
/// A line that is pressed.
const PRESSED: i32 = 1;
/// A line that is not.
const LOOSE: i32 = 0;

/// Where the lines are and how long they are pressed.
pub(super) struct Wiring {
    power: Pattern,
    reset: Pattern,
    state: Pattern,
    on_from: i64,
    press: Duration,
    long_press: Duration,
    reset_press: Duration,
    outputs: u32,
}

impl Wiring {
    /// The usual wiring, but for what the settings say.
    ///
    /// # Errors
    /// None unless one of the usual OIDs is none, which a test rules out.
    pub(super) fn of(settings: &ButtonSettings) -> Result<Self, PatternError> {
        let oid =
            |own: &Option<Pattern>, usual: &str| own.clone().map_or_else(|| usual.parse(), Ok);
        Ok(Self {
            power: oid(&settings.power_oid, POWER_OID)?,
            reset: oid(&settings.reset_oid, RESET_OID)?,
            state: oid(&settings.state_oid, STATE_OID)?,
            on_from: settings.on_from.unwrap_or(ON_FROM),
            press: settings.press.unwrap_or(PRESS),
            long_press: settings.long_press.unwrap_or(LONG_PRESS),
            reset_press: settings.reset_press.unwrap_or(RESET_PRESS),
            outputs: settings.outputs.unwrap_or(OUTPUTS),
        })
    }
}

/// A session's view of the device.
pub(super) struct Buttons {
    pub(super) wire: Arc<Wire>,
    pub(super) wiring: Wiring,
    /// Which lines are the machine's; none for a look at the whole device.
    pub(super) output: Option<u32>,
    pub(super) strokes: TaskTracker,
}

impl Buttons {
    /// Whether the output exists, and whether the device answers.
    pub(super) async fn check_output(&self) -> Result<(), DriverError> {
        let Some(output) = self.output else {
            return Ok(());
        };
        let last = self.wiring.outputs;
        if !(1..=last).contains(&output) {
            return Err(self
                .wire
                .peer
                .unsupported(format!("it has no output {output}, only 1 to {last}")));
        }
        self.state_of(output).await.map(drop)
    }

    fn place(&self) -> Result<Place, DriverError> {
        self.output
            .map(of)
            .ok_or_else(|| self.wire.peer.unsupported("no output is named"))
    }

    async fn state_of(&self, output: u32) -> Result<PowerState, DriverError> {
        let reading = self.wire.number(&self.wiring.state.at(of(output))).await;
        let reading = reading.map_err(|fault| fault.into_driver(&self.wire.peer))?;
        Ok(if reading >= self.wiring.on_from {
            PowerState::On
        } else {
            PowerState::Off
        })
    }

    /// Presses a button. A line that is pressed already was left so by somebody who died: it is let
    /// go, and the machine is to be looked at again, since nobody knows what it makes of that.
    async fn press(&self, line: Oid, time: Duration) -> Result<(), SendError> {
        let peer = &self.wire.peer;
        let before = self.wire.look(&line).await;
        let before = before.map_err(|fault| SendError::NotSent(fault.into_driver(peer)))?;
        if before.as_ref().and_then(super::wire::number) == Some(i64::from(PRESSED)) {
            let loose = self.wire.write_surely(&line, LOOSE).await;
            return Err(SendError::NotSent(match loose {
                Ok(()) => peer.failed("the button was still pressed; it has been let go"),
                Err(fault) => fault.into_driver(peer),
            }));
        }
        let stroke = Stroke {
            first: (line.clone(), PRESSED),
            pause: time,
            last: (line, LOOSE),
            left: "the button was pressed and may still be pressed",
        };
        stroke.run(&self.wire, &self.strokes).await
    }
}

fn of(output: u32) -> Place {
    Place::new(0, output, Some(PORT))
}

#[async_trait]
impl PowerCapability for Buttons {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        match self.output {
            Some(output) => self.state_of(output).await,
            None => Err(self.wire.peer.unsupported("no output is named")),
        }
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        let place = self.place().map_err(SendError::NotSent)?;
        let state = self.power_state().await.map_err(SendError::NotSent)?;
        if command.wanted_state() == Some(state) {
            return Ok(());
        }
        let wiring = &self.wiring;
        let (line, time) = match command {
            PowerCommand::On | PowerCommand::Shutdown => (&wiring.power, wiring.press),
            PowerCommand::Off => (&wiring.power, wiring.long_press),
            PowerCommand::Reset if state == PowerState::Off => {
                return Err(SendError::NotSent(self.wire.peer.unsupported(
                    "the machine is off, and its reset button does nothing then",
                )));
            }
            PowerCommand::Reset => (&wiring.reset, wiring.reset_press),
        };
        self.press(line.at(place), time).await
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        poll::until(&self.wire.peer, wanted, limit, || self.power_state()).await
    }
}

#[async_trait]
impl OutputsCapability for Buttons {
    async fn outputs(&self) -> Result<Vec<Output>, DriverError> {
        let mut outputs = Vec::new();
        for output in 1..=self.wiring.outputs {
            outputs.push(Output {
                name: output.to_string(),
                label: None,
                state: Some(self.state_of(output).await?),
            });
        }
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_oids_are_oids() {
        for oid in [POWER_OID, RESET_OID, STATE_OID] {
            assert!(oid.parse::<Pattern>().unwrap().names_outlets());
        }
    }
}
