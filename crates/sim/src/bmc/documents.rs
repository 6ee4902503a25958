//! The resources of a BMC as JSON, with every property their schemas require (DMTF DSP8010).

use serde_json::{Value, json};

use super::{ResetType, Shared, accounts, chassis, parts, storage};
use crate::hardware::SimNic;
use crate::machine::Power;

/// The root of the service.
pub(super) const ROOT: &str = "/redfish/v1";
/// The only system.
pub(super) const SYSTEM: &str = "/redfish/v1/Systems/1";
/// The only manager.
pub(super) const MANAGER: &str = "/redfish/v1/Managers/bmc";
/// The only chassis.
pub(super) const CHASSIS: &str = "/redfish/v1/Chassis/1";
/// The sessions.
pub(super) const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";
/// The reset action of the system.
pub(super) const RESET: &str = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";

/// The resource at a path below [`ROOT`], if there is one; `query` chooses a page of those that have
/// pages.
pub(super) fn document(shared: &Shared, path: &[&str], query: Option<&str>) -> Option<Value> {
    Some(match path {
        [] => service_root(shared),
        ["odata"] => odata(),
        ["SessionService"] => accounts::session_service(shared),
        ["SessionService", "Sessions"] => accounts::sessions(shared),
        ["SessionService", "Sessions", id] => accounts::session(shared, id)?,
        ["AccountService"] => accounts::account_service(shared),
        ["AccountService", "Accounts"] => collection(
            "ManagerAccount",
            "AccountService/Accounts",
            &["1".to_owned()],
        ),
        ["AccountService", "Accounts", "1"] => accounts::account(shared),
        ["AccountService", "Roles"] => collection(
            "Role",
            "AccountService/Roles",
            &["Administrator".to_owned()],
        ),
        ["AccountService", "Roles", "Administrator"] => accounts::role(),
        ["Systems"] => collection("ComputerSystem", "Systems", &["1".to_owned()]),
        ["Systems", "1"] => system(shared),
        ["Systems", "1", "EthernetInterfaces"] => {
            let numbers = numbers(shared.machine.hardware().nics.len());
            collection(
                "EthernetInterface",
                "Systems/1/EthernetInterfaces",
                &numbers,
            )
        }
        ["Systems", "1", "EthernetInterfaces", number] => {
            system_interface(number, nth(&shared.machine.hardware().nics, number)?)
        }
        ["Systems", "1", "Storage", rest @ ..] => {
            storage::document(shared.machine.hardware(), rest)?
        }
        ["Systems", "1", "Processors", rest @ ..] => {
            parts::processors(shared.machine.hardware(), rest)?
        }
        ["Systems", "1", "Memory", rest @ ..] => parts::memory(shared.machine.hardware(), rest)?,
        ["Systems", "1", "LogServices", rest @ ..] => shared.log.lock().document(rest, query)?,
        ["Managers"] => collection("Manager", "Managers", &["bmc".to_owned()]),
        ["Managers", "bmc"] => manager(shared),
        ["Managers", "bmc", "EthernetInterfaces"] => collection(
            "EthernetInterface",
            "Managers/bmc/EthernetInterfaces",
            &["eth0".to_owned()],
        ),
        ["Managers", "bmc", "EthernetInterfaces", "eth0"] => manager_interface(shared),
        ["Chassis"] => collection("Chassis", "Chassis", &["1".to_owned()]),
        ["Chassis", "1"] => chassis::document(shared),
        ["Chassis", "1", "Thermal"] => chassis::thermal(shared),
        ["Chassis", "1", "Power"] => chassis::power(shared),
        ["Chassis", "1", "Drives", rest @ ..] => storage::drives(shared.machine.hardware(), rest)?,
        _ => return None,
    })
}

/// A collection below [`ROOT`].
pub(super) fn collection(kind: &str, path: &str, members: &[String]) -> Value {
    let links: Vec<Value> = members
        .iter()
        .map(|id| link(&format!("{ROOT}/{path}/{id}")))
        .collect();
    json!({
        "@odata.id": format!("{ROOT}/{path}"),
        "@odata.type": format!("#{kind}Collection.{kind}Collection"),
        "Name": format!("{kind} collection"),
        "Members@odata.count": links.len(),
        "Members": links,
    })
}

/// The numbers 1 to `count` as identifiers.
pub(super) fn numbers(count: usize) -> Vec<String> {
    (1..=count).map(|number| number.to_string()).collect()
}

/// What has this number, counted from 1.
pub(super) fn nth<'a, T>(list: &'a [T], number: &str) -> Option<&'a T> {
    list.get(number.parse::<usize>().ok()?.checked_sub(1)?)
}

pub(super) fn link(path: &str) -> Value {
    json!({ "@odata.id": path })
}

fn service_root(shared: &Shared) -> Value {
    json!({
        "@odata.id": format!("{ROOT}/"),
        "@odata.type": "#ServiceRoot.v1_15_0.ServiceRoot",
        "Id": "RootService",
        "Name": "Assay simulator",
        "Vendor": "Assay simulator",
        "Product": "Assay simulator",
        "RedfishVersion": "1.15.0",
        "UUID": shared.machine.hardware().uuid,
        "ProtocolFeaturesSupported": { "ExpandQuery": { "ExpandAll": false, "Levels": false, "Links": false, "NoLinks": false },
            "FilterQuery": false, "SelectQuery": false, "OnlyMemberQuery": false, "ExcerptQuery": false },
        "Systems": link(&format!("{ROOT}/Systems")),
        "Managers": link(&format!("{ROOT}/Managers")),
        "Chassis": link(&format!("{ROOT}/Chassis")),
        "SessionService": link(&format!("{ROOT}/SessionService")),
        "AccountService": link(&format!("{ROOT}/AccountService")),
        "Links": { "Sessions": link(SESSIONS) },
    })
}

/// The OData service document (DSP0266, section "OData service document").
fn odata() -> Value {
    let entry =
        |name: &str| json!({ "name": name, "kind": "Singleton", "url": format!("{ROOT}/{name}") });
    json!({
        "@odata.context": format!("{ROOT}/$metadata"),
        "value": [entry("Systems"), entry("Managers"), entry("Chassis"), entry("SessionService"), entry("AccountService")],
    })
}

fn system(shared: &Shared) -> Value {
    let machine = shared.machine.hardware();
    json!({
        "@odata.id": SYSTEM,
        "@odata.type": "#ComputerSystem.v1_20_0.ComputerSystem",
        "Id": "1",
        "Name": machine.name,
        "SystemType": "Physical",
        "Manufacturer": machine.manufacturer,
        "Model": machine.model,
        "SerialNumber": machine.serial,
        "UUID": machine.uuid,
        "HostName": machine.name,
        "PowerState": power_state(shared),
        "Status": { "State": "Enabled", "Health": "OK" },
        "Boot": shared.boot.lock().document(machine.firmware),
        "ProcessorSummary": { "Count": 1, "LogicalProcessorCount": machine.cpus },
        "MemorySummary": { "TotalSystemMemoryGiB": f64::from(machine.memory_mib) / 1024.0 },
        "LocationIndicatorActive": *shared.light.lock(),
        "EthernetInterfaces": link(&format!("{SYSTEM}/EthernetInterfaces")),
        "Processors": link(&format!("{SYSTEM}/Processors")),
        "Memory": link(&format!("{SYSTEM}/Memory")),
        "LogServices": link(&format!("{SYSTEM}/LogServices")),
        "Storage": link(&format!("{SYSTEM}/Storage")),
        "Links": { "Chassis": [link(CHASSIS)], "ManagedBy": [link(MANAGER)] },
        "Actions": { "#ComputerSystem.Reset": {
            "target": RESET,
            "ResetType@Redfish.AllowableValues": ResetType::ALL,
        }},
    })
}

/// The power state as the machine shows it now.
pub(super) fn power_state(shared: &Shared) -> &'static str {
    let now = shared.machine.power();
    let coming = shared
        .power
        .next()
        .filter(|_| shared.faults.borrow().shows_transition);
    match (now, coming.and_then(|reset| reset.aim(now))) {
        (Power::Off, Some(Power::On)) => "PoweringOn",
        (Power::On, Some(Power::Off)) => "PoweringOff",
        (Power::On, _) => "On",
        (Power::Off, _) => "Off",
    }
}

fn system_interface(number: &str, nic: &SimNic) -> Value {
    json!({
        "@odata.id": format!("{SYSTEM}/EthernetInterfaces/{number}"),
        "@odata.type": "#EthernetInterface.v1_9_0.EthernetInterface",
        "Id": number,
        "Name": format!("Network card {number}"),
        "MACAddress": nic.mac.to_string(),
        "PermanentMACAddress": nic.mac.to_string(),
        "InterfaceEnabled": true,
        "Status": { "State": "Enabled", "Health": "OK" },
    })
}

fn manager(shared: &Shared) -> Value {
    json!({
        "@odata.id": MANAGER,
        "@odata.type": "#Manager.v1_17_0.Manager",
        "Id": "bmc",
        "Name": "BMC",
        "ManagerType": "BMC",
        "Manufacturer": "Assay simulator",
        "Model": "Assay simulator",
        "FirmwareVersion": env!("CARGO_PKG_VERSION"),
        "UUID": shared.machine.hardware().uuid,
        "PowerState": "On",
        "Status": { "State": "Enabled", "Health": "OK" },
        "EthernetInterfaces": link(&format!("{MANAGER}/EthernetInterfaces")),
        "Links": { "ManagerForServers": [link(SYSTEM)], "ManagerForChassis": [link(CHASSIS)] },
    })
}

fn manager_interface(shared: &Shared) -> Value {
    let machine = shared.machine.hardware();
    json!({
        "@odata.id": format!("{MANAGER}/EthernetInterfaces/eth0"),
        "@odata.type": "#EthernetInterface.v1_9_0.EthernetInterface",
        "Id": "eth0",
        "Name": "Port of the BMC",
        "MACAddress": machine.bmc_mac.to_string(),
        "PermanentMACAddress": machine.bmc_mac.to_string(),
        "InterfaceEnabled": true,
        "HostName": format!("{}-bmc", machine.name),
        "IPv4Addresses": [{ "Address": shared.address.ip().to_string(), "SubnetMask": "255.0.0.0", "AddressOrigin": "Static" }],
        "Status": { "State": "Enabled", "Health": "OK" },
    })
}
