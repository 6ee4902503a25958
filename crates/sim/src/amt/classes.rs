//! The classes of an AMT device and their instances, as XML.

use quick_xml::escape::escape;

use super::answer::{ADDRESSING, WSMAN};
use super::boot::{CONFIGURATION, SOURCES};
use super::{Shared, power};
use crate::machine::Power;

/// The resource URI of a class, which is also its namespace (DSP0227, 6.2).
pub(super) fn resource(class: &str) -> String {
    if class.starts_with("AMT_") {
        format!("http://intel.com/wbem/wscim/1/amt-schema/1/{class}")
    } else {
        format!("http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/{class}")
    }
}

/// The class of a resource URI, if the device has it.
pub(super) fn class_of<'a>(uri: &'a str, missing: &[String]) -> Option<&'a str> {
    let (_, class) = uri.rsplit_once('/')?;
    let has = resource(class) == uri && !missing.iter().any(|name| name == class);
    has.then_some(class)
}

/// All instances of a class; `None` for a class that the device does not have.
pub(super) fn instances(shared: &Shared, class: &str) -> Option<Vec<String>> {
    let all = match class {
        "CIM_AssociatedPowerManagementService" => vec![power_state(shared)],
        "CIM_ComputerSystemPackage" => vec![package(shared)],
        "CIM_Chassis" => vec![chassis(shared)],
        "CIM_Card" => vec![
            text("Manufacturer", "Assay simulator")
                + &text("Model", "Simulated board")
                + &text("SerialNumber", "BOARD1"),
        ],
        "CIM_SoftwareIdentity" => software(),
        "AMT_EthernetPortSettings" => ports(shared),
        "AMT_BootCapabilities" => vec![boot_capabilities()],
        "AMT_BootSettingData" => {
            let boot = shared.boot.lock();
            vec![
                boot.options()
                    .map(|(name, value)| text(name, value))
                    .collect(),
            ]
        }
        "CIM_ElementSettingData" => settings(shared),
        "CIM_OrderedComponent" => order(shared),
        "AMT_MessageLog" => {
            let records = shared.log.lock().len().to_string();
            vec![
                text("CurrentNumberOfRecords", &records)
                    + &text("Name", "Intel(r) AMT:MessageLog 1"),
            ]
        }
        _ => return None,
    };
    let uri = resource(class);
    let whole = |inside: String| format!(r#"<h:{class} xmlns:h="{uri}">{inside}</h:{class}>"#);
    Some(all.into_iter().map(whole).collect())
}

/// A property with a plain value.
pub(super) fn text(name: &str, value: &str) -> String {
    format!("<h:{name}>{}</h:{name}>", escape(value))
}

/// A property that refers to an instance of a class by its keys.
fn reference(name: &str, class: &str, keys: &[(&str, &str)]) -> String {
    let keys = keys
        .iter()
        .map(|(key, value)| {
            format!(
                r#"<c:Selector Name="{key}">{}</c:Selector>"#,
                escape(*value)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        r#"<h:{name}><b:Address xmlns:b="{ADDRESSING}">{ADDRESSING}/role/anonymous</b:Address><b:ReferenceParameters xmlns:b="{ADDRESSING}" xmlns:c="{WSMAN}"><c:ResourceURI>{}</c:ResourceURI><c:SelectorSet>{keys}</c:SelectorSet></b:ReferenceParameters></h:{name}>"#,
        resource(class)
    )
}

const SYSTEM: [(&str, &str); 2] = [
    ("CreationClassName", "CIM_ComputerSystem"),
    ("Name", "ManagedSystem"),
];

fn power_state(shared: &Shared) -> String {
    let now = shared.machine.power();
    let faults = shared.faults.borrow();
    let mut properties = String::new();
    if !faults.hides_available {
        for state in power::available(now, &faults) {
            properties += &text("AvailableRequestedPowerStates", &state.to_string());
        }
    }
    let state = match now {
        Power::On => "2",
        Power::Off => "8",
    };
    properties
        + &text("PowerState", state)
        + &reference("UserOfService", "CIM_ComputerSystem", &SYSTEM)
}

fn package(shared: &Shared) -> String {
    let chassis = [("CreationClassName", "CIM_Chassis"), ("Tag", "CIM_Chassis")];
    // The bytes stand as SMBIOS has them, the first three fields with their lowest byte first.
    let guid = uuid::Uuid::from_bytes(shared.machine.hardware().uuid.to_bytes_le());
    let guid = guid.simple().to_string().to_uppercase();
    reference("Antecedent", "CIM_Chassis", &chassis)
        + &reference("Dependent", "CIM_ComputerSystem", &SYSTEM)
        + &text("PlatformGUID", &guid)
}

fn chassis(shared: &Shared) -> String {
    let machine = shared.machine.hardware();
    [
        ("CreationClassName", "CIM_Chassis"),
        ("ElementName", "Chassis of a simulated machine"),
        ("Manufacturer", machine.manufacturer.as_str()),
        ("Model", machine.model.as_str()),
        ("SerialNumber", machine.serial.as_str()),
        ("Tag", "CIM_Chassis"),
    ]
    .map(|(name, value)| text(name, value))
    .concat()
}

fn software() -> Vec<String> {
    [
        ("Flash", env!("CARGO_PKG_VERSION")),
        ("Netstack", env!("CARGO_PKG_VERSION")),
        ("AMTApps", env!("CARGO_PKG_VERSION")),
        ("AMT", env!("CARGO_PKG_VERSION")),
        ("VendorID", "Assay simulator"),
    ]
    .map(|(name, version)| {
        text("InstanceID", name) + &text("IsEntity", "true") + &text("VersionString", version)
    })
    .to_vec()
}

/// The first card is AMT's own and shares its MAC with the machine; the others are shown as further ports.
fn ports(shared: &Shared) -> Vec<String> {
    let cards = shared.machine.hardware().nics.iter().enumerate();
    cards
        .map(|(number, card)| {
            let mac = card.mac.to_string().replace(':', "-");
            let name = format!("Intel(r) AMT Ethernet Port Settings {number}");
            let mut port = text("DHCPEnabled", "false");
            if number == 0 {
                port += &text("DefaultGateway", "127.0.0.254");
            }
            port += &(text("ElementName", "Assay simulator: network port")
                + &text("InstanceID", &name));
            if number == 0 {
                port += &text("IPAddress", &shared.address.ip().to_string());
            }
            port += &(text("MACAddress", &mac) + &text("SharedMAC", "true"));
            if number == 0 {
                port += &text("SubnetMask", "255.0.0.0");
            }
            port
        })
        .collect()
}

fn boot_capabilities() -> String {
    [
        "BIOSSetup",
        "ForceCDorDVDBoot",
        "ForceHardDriveBoot",
        "ForcePXEBoot",
    ]
    .map(|name| text(name, "true"))
    .concat()
        + &text("ForceDiagnosticBoot", "false")
}

/// The boot configuration's role, among settings that have nothing to do with it.
fn settings(shared: &Shared) -> Vec<String> {
    let next = if shared.boot.lock().counts() {
        "3"
    } else {
        "2"
    };
    let foreign = |number: usize| {
        let name = format!("Intel(r) AMT Ethernet Port Settings {number}");
        text("IsCurrent", "1")
            + &text("IsNext", "1")
            + &reference(
                "SettingData",
                "AMT_EthernetPortSettings",
                &[("InstanceID", &name)],
            )
    };
    let boot = text("IsCurrent", "2")
        + &text("IsNext", next)
        + &reference("ManagedElement", "CIM_ComputerSystem", &SYSTEM)
        + &reference(
            "SettingData",
            "CIM_BootConfigSetting",
            &[("InstanceID", CONFIGURATION)],
        );
    vec![foreign(0), foreign(1), foreign(2), boot, foreign(3)]
}

/// The sources' places in the boot order.
fn order(shared: &Shared) -> Vec<String> {
    let boot = shared.boot.lock();
    let places = SOURCES.iter().enumerate();
    places
        .map(|(at, (source, _))| {
            text("AssignedSequence", &boot.sequence(at).to_string())
                + &reference(
                    "GroupComponent",
                    "CIM_BootConfigSetting",
                    &[("InstanceID", CONFIGURATION)],
                )
                + &reference(
                    "PartComponent",
                    "CIM_BootSourceSetting",
                    &[("InstanceID", source)],
                )
        })
        .collect()
}

/// The records that a device has from the beginning, the newest first: its firmware's progress, five of them.
pub(super) fn first_records() -> Vec<[u8; 21]> {
    // 2023-11-14 22:13:20 UTC and the seconds before it.
    (0..5u32)
        .map(|age| {
            let [t0, t1, t2, t3] = (1_700_000_000 - age).to_le_bytes();
            // Device, sensor type 15 (firmware), event type 0x6f, offset 2 (progress), source, severity 2
            // (information), sensor, entity 34 (BIOS), its number, data.
            [
                t0, t1, t2, t3, 0xff, 15, 0x6f, 2, 0x68, 2, 0xff, 34, 0, 0x40, 0x13, 0, 0, 0, 0, 0,
                0,
            ]
        })
        .collect()
}
