//! The identification light over Redfish.

use assay_domain::DriverError;
use assay_domain::capability::{Identify, IdentifyCapability};
use async_trait::async_trait;
use nv_redfish::core::ODataId;
use serde_json::{Value, json};

use super::fault::HttpFault;
use super::service::address;
use super::session::Machine;

/// The light as a switch (ComputerSystem 1.12, Chassis 1.14).
const SWITCH: &str = "LocationIndicatorActive";
/// What [`SWITCH`] has replaced.
const LAMP: &str = "IndicatorLED";

/// A resource with a light.
type Lit = (ODataId, Value);

impl Machine {
    /// The resources that show where the machine is, and by which property: the newer property before
    /// the older, the system before its chassis.
    async fn lights(&self) -> Result<(Vec<Lit>, &'static str), DriverError> {
        let (mut walk, system) = self.walk().await?;
        let own = (self.system.clone(), system);
        if own.1.get(SWITCH).is_some() {
            return Ok((vec![own], SWITCH));
        }
        let chassis = walk.linked(&own.1, "/Links/Chassis").await;
        let chassis: Vec<Lit> = chassis
            .map_err(|fault| self.wire.error(fault))?
            .into_iter()
            .filter_map(|chassis| Some((address(&chassis)?, chassis)))
            .collect();
        for (resources, property) in [(&chassis, SWITCH), (&vec![own], LAMP), (&chassis, LAMP)] {
            let with = |(_, resource): &&Lit| resource.get(property).is_some();
            let lights: Vec<Lit> = resources.iter().filter(with).cloned().collect();
            if !lights.is_empty() {
                return Ok((lights, property));
            }
        }
        Err(walk.lacks("the BMC shows no identification light"))
    }

    async fn switch(
        &self,
        (id, document): &Lit,
        property: &str,
        is_on: bool,
    ) -> Result<(), HttpFault> {
        let states: &[Value] = match (property, is_on) {
            (SWITCH, is_on) => &[json!(is_on)],
            (_, false) => &[json!("Off")],
            // BMCs whose lamp is lit all the time (Dell's) blink to be found; others refuse to blink on
            // request (HPE's), which the schema answers with 400.
            (_, true) => &[json!("Blinking"), json!("Lit")],
        };
        let mut outcome = Ok(());
        for state in states {
            let changes = json!({ property: state });
            outcome = self.wire.change(id, document, &changes).await;
            if !matches!(&outcome, Err(fault) if fault.has_status(400)) {
                break;
            }
        }
        outcome
    }
}

#[async_trait]
impl IdentifyCapability for Machine {
    async fn identify(&self, how: Identify) -> Result<(), DriverError> {
        let is_on = match how {
            Identify::Off => false,
            Identify::For(time) if time.is_zero() => false,
            Identify::On => true,
            Identify::For(_) => {
                return Err(self.wire.peer.unsupported(
                    "Redfish has no light for a time: switch it on, and off again afterwards",
                ));
            }
        };
        let (lights, property) = self.lights().await?;
        for light in &lights {
            let switched = self.switch(light, property, is_on).await;
            switched.map_err(|fault| self.wire.error(fault))?;
        }
        Ok(())
    }
}
