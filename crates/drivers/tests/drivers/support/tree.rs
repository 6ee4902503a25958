//! The documents of a BMC with what no simulator has: two chassis, each with another form of sensors,
//! two managers, and the log at one of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::odd::{SYSTEM, root, system};

/// Documents by path.
pub(crate) type Tree = BTreeMap<String, Value>;

/// The collection of chassis.
pub(crate) const CHASSIS: &str = "/redfish/v1/Chassis";
/// The manager.
pub(crate) const MANAGER: &str = "/redfish/v1/Managers/bmc";
/// The accounts.
pub(crate) const ACCOUNTS: &str = "/redfish/v1/AccountService/Accounts";

/// A reference.
pub(crate) fn link(path: impl Into<String>) -> Value {
    json!({"@odata.id": path.into()})
}

/// A collection whose members are at these paths below it.
fn collection(tree: &mut Tree, path: &str, members: &[(&str, Value)]) {
    let links: Vec<Value> = members
        .iter()
        .map(|(id, _)| link(format!("{path}/{id}")))
        .collect();
    tree.insert(path.into(), json!({"Members": links}));
    for (id, member) in members {
        let mut member = member.clone();
        member["Id"] = (*id).into();
        member["@odata.id"] = format!("{path}/{id}").into();
        tree.insert(format!("{path}/{id}"), member);
    }
}

/// A machine in two chassis, of which one has the newer form of sensors, with two managers.
pub(crate) fn tree() -> Tree {
    let mut tree = Tree::new();
    let mut root = root();
    root["AccountService"] = link("/redfish/v1/AccountService");
    tree.insert("/redfish/v1".into(), root);
    let mut machine = system();
    machine["Links"] = json!({"Chassis": [link(format!("{CHASSIS}/a")), link(format!("{CHASSIS}/b"))],
        "ManagedBy": [link(MANAGER), link(format!("{MANAGER}2"))]});
    for part in ["Processors", "Memory", "Storage", "LogServices"] {
        machine[part] = link(format!("{SYSTEM}/{part}"));
    }
    tree.insert(SYSTEM.into(), machine);
    collection(
        &mut tree,
        &format!("{SYSTEM}/Processors"),
        &[
            ("1", json!({"Name": "CPU", "Model": "P"})),
            ("2", json!({"Name": "CPU"})),
        ],
    );
    collection(&mut tree, &format!("{SYSTEM}/Memory"), &[]);
    let drive = format!("{CHASSIS}/b/Drives/1");
    let drives =
        json!({"Name": "RAID", "Drives": [link(drive.as_str()), link(format!("{drive}7"))]});
    collection(&mut tree, &format!("{SYSTEM}/Storage"), &[("1", drives)]);
    tree.insert(drive, json!({"Id": "1", "Name": "Drive", "Revision": "R2"}));
    chassis(&mut tree);
    managers(&mut tree);
    tree
}

fn chassis(tree: &mut Tree) {
    let newer = json!({"Id": "a", "Name": "Sled", "@odata.id": format!("{CHASSIS}/a"),
        "Sensors": link(format!("{CHASSIS}/a/Sensors")),
        "PowerSubsystem": link(format!("{CHASSIS}/a/PowerSubsystem"))});
    tree.insert(format!("{CHASSIS}/a"), newer);
    collection(
        tree,
        &format!("{CHASSIS}/a/Sensors"),
        &[
            (
                "inlet",
                json!({"Name": "Inlet", "ReadingType": "Temperature", "Reading": 21.5,
                "ReadingUnits": "Cel", "Status": {"State": "Enabled", "Health": "Warning"}}),
            ),
            (
                "pump",
                json!({"Name": "Pump", "ReadingType": "Rotational", "Reading": null,
                "ReadingUnits": "{rev}/min", "Status": {"State": "StandbyOffline"}}),
            ),
        ],
    );
    let supplies = format!("{CHASSIS}/a/PowerSubsystem/PowerSupplies");
    tree.insert(
        format!("{CHASSIS}/a/PowerSubsystem"),
        json!({"PowerSupplies": link(supplies.as_str())}),
    );
    collection(
        tree,
        &supplies,
        &[("0", json!({"Name": "Supply", "Model": "PS"}))],
    );
    let older = json!({"Id": "b", "Name": "Shelf", "@odata.id": format!("{CHASSIS}/b"),
        "IndicatorLED": "Off", "Thermal": link(format!("{CHASSIS}/b/Thermal")),
        "Power": link(format!("{CHASSIS}/b/Power"))});
    tree.insert(format!("{CHASSIS}/b"), older);
    tree.insert(
        format!("{CHASSIS}/b/Thermal"),
        json!({"Temperatures": [{"Name": "Inlet", "MemberId": "7", "ReadingCelsius": "warm"}],
            "Fans": [{"FanName": "Fan", "Reading": 40, "ReadingUnits": "Percent"},
                {"Name": "Gone", "Status": {"State": "Absent"}}, 4]}),
    );
    tree.insert(
        format!("{CHASSIS}/b/Power"),
        json!({"Voltages": {}, "PowerSupplies": [{"Name": "Old supply", "MemberId": "0"}]}),
    );
}

fn managers(tree: &mut Tree) {
    let logs = format!("{MANAGER}/LogServices");
    let mut manager = json!({"Id": "bmc", "@odata.id": MANAGER, "FirmwareVersion": " 2.1 "});
    manager["EthernetInterfaces"] = link(format!("{MANAGER}/EthernetInterfaces"));
    manager["LogServices"] = link(logs.as_str());
    tree.insert(MANAGER.into(), manager);
    tree.insert(format!("{MANAGER}2"), json!({"Id": "bmc2"}));
    collection(
        tree,
        &format!("{MANAGER}/EthernetInterfaces"),
        &[(
            "eth0",
            json!({"MACAddress": "AABBCC000001",
            "IPv4Addresses": [{"Address": "192.0.2.9", "AddressOrigin": "DHCP"}]}),
        )],
    );
    collection(
        tree,
        &format!("{SYSTEM}/LogServices"),
        &[("PostCodes", json!({}))],
    );
    let clear = json!({"#LogService.ClearLog": {"target": format!("{logs}/Sel/Clear")}});
    let entries = format!("{logs}/Sel/Entries");
    let sel = json!({"Entries": link(entries.as_str()), "Actions": clear});
    collection(tree, &logs, &[("Lclog", json!({})), ("Sel", sel)]);
    collection(
        tree,
        &entries,
        &[
            (
                "2",
                json!({"Created": "2026-01-02T00:00:00Z", "Message": "later"}),
            ),
            (
                "1",
                json!({"Created": "2026-01-01T00:00:00Z", "Message": "sooner"}),
            ),
        ],
    );
    tree.insert(
        "/redfish/v1/AccountService".into(),
        json!({"Accounts": link(ACCOUNTS)}),
    );
    collection(
        tree,
        ACCOUNTS,
        &[
            ("1", json!({"UserName": "", "Enabled": false})),
            ("2", json!({"UserName": "root", "RoleId": "Administrator"})),
        ],
    );
}
