//! A session of the driver: how it begins and what it can do. SNMP has no sessions, so there is
//! nothing to end.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::capability::{ManagementCapability, OutputsCapability, PowerCapability};
use assay_domain::{DriverError, Session, Target};
use async_snmp::{Oid, Value, oid};
use async_trait::async_trait;

use super::SnmpDriver;
use super::access;
use super::buttons::{Buttons, Wiring};
use super::outlets::Outlets;
use super::profile::Profile;
use super::settings::{Settings, Version};
use super::wire::Wire;
use crate::peer::Peer;

/// A relay board.
pub(super) const RELAYS: &str = "DaenetIP2";
/// A relay board at machines' buttons.
pub(super) const BUTTONS: &str = "DaenetIP2_ACPI";
/// The relay board's profile.
const RELAYS_PROFILE: &str = "daenetip2";

/// A session with a device.
pub(super) enum SnmpSession {
    /// Outlets of a PDU, or relays.
    Outlets(Outlets),
    /// Buttons of machines.
    Buttons(Buttons),
}

impl SnmpSession {
    /// Finds out what the device is, and whether the output exists.
    pub(super) async fn open(driver: &SnmpDriver, target: &Target) -> Result<Self, DriverError> {
        let peer = Peer::of(target);
        if driver.stop.is_cancelled() {
            return Err(peer.failed("nothing was sent: Assay is shutting down"));
        }
        let settings = Settings::of(target, &peer)?;
        let output = output(target, &peer)?;
        let is_board = [RELAYS, BUTTONS].contains(&target.control_type.as_str());
        // The DAEnetIP2 speaks SNMP 1 only.
        let usual = if is_board { Version::V1 } else { Version::V2c };
        let version = settings.version.unwrap_or(usual);
        let auth = access::auth(target, &settings, version, &peer)?;
        let wire = Arc::new(Wire::open(target, auth, peer).await?);
        if target.control_type == BUTTONS {
            let wiring = Wiring::of(&settings.buttons)
                .map_err(|error| wire.peer.unsupported(error.to_string()))?;
            let buttons = Buttons {
                wire,
                wiring,
                output,
                strokes: driver.strokes.clone(),
            };
            buttons.check_output().await?;
            return Ok(Self::Buttons(buttons));
        }
        let profile = profile(driver, target, &settings, &wire).await?;
        let unit = unit(&profile, &settings, &wire.peer)?;
        let outlets = Outlets {
            wire,
            unit,
            outlet: output,
            off_time: settings
                .off_time
                .unwrap_or(Duration::from_secs(u64::from(profile.off_seconds))),
            profile,
            strokes: driver.strokes.clone(),
        };
        outlets.check_outlet().await?;
        Ok(Self::Outlets(outlets))
    }
}

/// The outlet of the assignment; none for a look at the whole device.
fn output(target: &Target, peer: &Peer) -> Result<Option<u32>, DriverError> {
    let name = target.output.trim();
    if name.is_empty() {
        return Ok(None);
    }
    name.parse()
        .map(Some)
        .map_err(|_| peer.unsupported(format!("'{name}' is no number of an outlet")))
}

/// The number of the PDU in its chain.
fn unit(profile: &Profile, settings: &Settings, peer: &Peer) -> Result<u32, DriverError> {
    match (profile.unit, settings.unit) {
        (Some(usual), chosen) => Ok(chosen.unwrap_or(usual)),
        (None, None) => Ok(0),
        (None, Some(_)) => Err(peer.unsupported(format!(
            "setting 'unit': {} has no chain of PDUs",
            profile.title
        ))),
    }
}

/// The device's profile: the one that the settings name, or that of the relay board, or the one that
/// knows the product.
async fn profile(
    driver: &SnmpDriver,
    target: &Target,
    settings: &Settings,
    wire: &Wire,
) -> Result<Arc<Profile>, DriverError> {
    let board = (target.control_type == RELAYS).then_some(RELAYS_PROFILE);
    if settings.relay_oid.is_some() && board.is_none() {
        let cause = format!("setting 'relay_oid' is for a {RELAYS} only");
        return Err(wire.peer.unsupported(cause));
    }
    let Some(name) = settings.profile.as_deref().or(board) else {
        return recognise(driver, wire).await;
    };
    let profile = driver.profiles.get(name).ok_or_else(|| {
        let known: Vec<&str> = driver.profiles.names().collect();
        wire.peer.unsupported(format!(
            "setting 'profile': '{name}' is not one of {}",
            known.join(", ")
        ))
    })?;
    Ok(match &settings.relay_oid {
        None => profile,
        Some(oid) => Arc::new(profile.at_relays(oid)),
    })
}

async fn recognise(driver: &SnmpDriver, wire: &Wire) -> Result<Arc<Profile>, DriverError> {
    // sysObjectID of SNMPv2-MIB (RFC 3418, 2): what the maker calls the product.
    let product = wire.look(&oid!(1, 3, 6, 1, 2, 1, 1, 2, 0)).await;
    let product = product.map_err(|fault| fault.into_driver(&wire.peer))?;
    let product: Option<&Oid> = product.as_ref().and_then(Value::as_oid);
    let found = product.and_then(|product| driver.profiles.recognise(product));
    if let Some((name, profile)) = found {
        tracing::debug!(
            endpoint = wire.peer.endpoint(),
            profile = name,
            "PDU recognised"
        );
        return Ok(profile);
    }
    let product = product.map_or_else(|| "none".to_owned(), ToString::to_string);
    let known: Vec<&str> = driver.profiles.names().collect();
    Err(wire.peer.unsupported(format!(
        "no PDU profile knows its sysObjectID ({product}); the setting 'profile' can name one of {}",
        known.join(", ")
    )))
}

#[async_trait]
impl Session for SnmpSession {
    fn power(&self) -> Option<&dyn PowerCapability> {
        match self {
            Self::Outlets(outlets) if outlets.outlet.is_some() => Some(outlets),
            Self::Buttons(buttons) if buttons.output.is_some() => Some(buttons),
            _ => None,
        }
    }

    fn outputs(&self) -> Option<&dyn OutputsCapability> {
        match self {
            Self::Outlets(outlets) => Some(outlets),
            Self::Buttons(buttons) => Some(buttons),
        }
    }

    // No `system`: what a PDU says of itself is not the machine that it feeds.
    fn management(&self) -> Option<&dyn ManagementCapability> {
        match self {
            Self::Outlets(outlets) if outlets.profile.device.firmware_oid.is_some() => {
                Some(outlets)
            }
            _ => None,
        }
    }

    async fn close(self: Box<Self>) {}
}
