//! What nodes' devices say, as JSON.

use assay_app::DeviceView;
use assay_domain::capability::{
    BootDevice, BootMode, EventLogEntry, Health, ManagementInterface, ManagementUser, Part, Sensor,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::dialects::age;

use super::iso;

/// When a device said what is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceReading)]
pub(super) struct ReadingWire {
    /// When, UTC.
    observed_at: String,
    /// How long ago, in seconds.
    #[schema(example = 12)]
    age_seconds: i64,
    /// Why the device could not be asked again since; null when that was not tried.
    error: Option<String>,
}

impl From<&DeviceView> for ReadingWire {
    fn from(view: &DeviceView) -> Self {
        Self {
            observed_at: iso(view.observed_at),
            age_seconds: age(view.observed_at),
            error: view.error.clone(),
        }
    }
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Warning => "warning",
        Health::Critical => "critical",
    }
}

/// A sensor.
#[derive(Serialize, ToSchema)]
#[schema(as = Sensor)]
pub(super) struct SensorWire {
    /// Its name, unique on the device.
    #[schema(example = "CPU1 Temp")]
    name: String,
    /// What it measures: temperature, voltage, current, fan, power, or the device's own word.
    #[schema(example = "temperature")]
    kind: String,
    /// The reading; null when the sensor has states only, or none now.
    #[schema(example = 41.0)]
    value: Option<f64>,
    /// Its unit; empty without one.
    #[schema(example = "°C")]
    unit: String,
    /// The states that are asserted, in words.
    states: Vec<String>,
    /// ok, warning, critical, or null when the device cannot tell.
    #[schema(value_type = Option<String>, example = "ok")]
    health: Option<&'static str>,
}

impl From<Sensor> for SensorWire {
    fn from(sensor: Sensor) -> Self {
        Self {
            name: sensor.name,
            kind: sensor.kind,
            value: sensor.value,
            unit: sensor.unit,
            states: sensor.states,
            health: sensor.health.map(health),
        }
    }
}

/// An entry of a device's log of events.
#[derive(Serialize, ToSchema)]
#[schema(as = EventLogEntry)]
pub(super) struct EventWire {
    /// Its number or name in the log.
    #[schema(example = "12")]
    id: String,
    /// When, by the device's clock, UTC; null when it had no time then.
    at: Option<String>,
    /// What it is about, e.g. a sensor's name.
    #[schema(example = "PSU1 Status")]
    subject: String,
    /// What happened.
    text: String,
    /// ok, warning, critical, or null when the device does not tell.
    #[schema(value_type = Option<String>, example = "critical")]
    severity: Option<&'static str>,
}

impl From<EventLogEntry> for EventWire {
    fn from(entry: EventLogEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at.map(iso),
            subject: entry.subject,
            text: entry.text,
            severity: entry.severity.map(health),
        }
    }
}

/// A replaceable part. What the device does not say is null.
#[derive(Serialize, ToSchema)]
#[schema(as = Part)]
pub(super) struct PartWire {
    /// What the device calls it.
    #[schema(example = "Board")]
    name: String,
    /// Who made it.
    manufacturer: Option<String>,
    /// Which product it is.
    product: Option<String>,
    /// The maker's number of the product.
    part_number: Option<String>,
    /// Its serial number.
    serial_number: Option<String>,
    /// Its version or revision.
    version: Option<String>,
    /// The owner's mark.
    asset_tag: Option<String>,
}

impl From<Part> for PartWire {
    fn from(part: Part) -> Self {
        Self {
            name: part.name,
            manufacturer: part.manufacturer,
            product: part.product,
            part_number: part.part_number,
            serial_number: part.serial_number,
            version: part.version,
            asset_tag: part.asset_tag,
        }
    }
}

/// A network interface of the device itself. What it does not say is null.
#[derive(Serialize, ToSchema)]
#[schema(as = ManagementInterface)]
pub(super) struct InterfaceWire {
    /// Its name or channel.
    #[schema(example = "channel 1")]
    name: String,
    /// MAC address.
    #[schema(example = "52:54:00:00:00:0a")]
    mac: Option<String>,
    /// Address.
    #[schema(example = "192.0.2.10")]
    address: Option<String>,
    /// Length of the network's prefix in bits.
    #[schema(example = 24)]
    prefix: Option<u8>,
    /// Gateway.
    gateway: Option<String>,
    /// Where the address comes from: static, dhcp, or the device's own word.
    source: Option<String>,
    /// VLAN, when it is on one.
    vlan: Option<u16>,
}

impl From<ManagementInterface> for InterfaceWire {
    fn from(interface: ManagementInterface) -> Self {
        Self {
            name: interface.name,
            mac: interface.mac,
            address: interface.address.map(|address| address.to_string()),
            prefix: interface.prefix,
            gateway: interface.gateway.map(|gateway| gateway.to_string()),
            source: interface.source,
            vlan: interface.vlan,
        }
    }
}

/// An account on the device.
#[derive(Serialize, ToSchema)]
#[schema(as = ManagementUser)]
pub(super) struct AccountWire {
    /// Its number or name in the device's list.
    #[schema(example = "2")]
    id: String,
    /// Login name.
    #[schema(example = "admin")]
    name: String,
    /// What it may do, in the device's words.
    #[schema(example = "administrator")]
    privilege: String,
    /// Whether it can log in.
    enabled: bool,
}

impl From<ManagementUser> for AccountWire {
    fn from(user: ManagementUser) -> Self {
        Self {
            id: user.id,
            name: user.name,
            privilege: user.privilege,
            enabled: user.enabled,
        }
    }
}

/// What a machine boots from.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BootDevice)]
pub(super) enum BootDeviceWire {
    /// The network.
    Network,
    /// The first disk.
    Disk,
    /// A CD, real or virtual.
    Cd,
    /// The firmware's set-up.
    Setup,
}

impl From<BootDevice> for BootDeviceWire {
    fn from(device: BootDevice) -> Self {
        match device {
            BootDevice::Network => Self::Network,
            BootDevice::Disk => Self::Disk,
            BootDevice::Cd => Self::Cd,
            BootDevice::Setup => Self::Setup,
        }
    }
}

impl From<BootDeviceWire> for BootDevice {
    fn from(device: BootDeviceWire) -> Self {
        match device {
            BootDeviceWire::Network => Self::Network,
            BootDeviceWire::Disk => Self::Disk,
            BootDeviceWire::Cd => Self::Cd,
            BootDeviceWire::Setup => Self::Setup,
        }
    }
}

/// The firmware interface of a boot.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BootMode)]
pub(super) enum BootModeWire {
    /// Legacy BIOS.
    Bios,
    /// UEFI.
    Uefi,
}

impl From<BootMode> for BootModeWire {
    fn from(mode: BootMode) -> Self {
        match mode {
            BootMode::Bios => Self::Bios,
            BootMode::Uefi => Self::Uefi,
        }
    }
}

impl From<BootModeWire> for BootMode {
    fn from(mode: BootModeWire) -> Self {
        match mode {
            BootModeWire::Bios => Self::Bios,
            BootModeWire::Uefi => Self::Uefi,
        }
    }
}
