//! The chassis of a machine with its readings as Redfish shows them: the same machine that the IPMI
//! simulator plays.

use serde_json::{Value, json};

use super::Shared;
use super::documents::{CHASSIS, MANAGER, SYSTEM, link, power_state};
use crate::machine::Power;

/// The chassis itself.
pub(super) fn document(shared: &Shared) -> Value {
    let machine = shared.machine.hardware();
    json!({
        "@odata.id": CHASSIS,
        "@odata.type": "#Chassis.v1_22_0.Chassis",
        "Id": "1",
        "Name": machine.name,
        "ChassisType": "RackMount",
        "Drives": link(&format!("{CHASSIS}/Drives")),
        "Thermal": link(&format!("{CHASSIS}/Thermal")),
        "Power": link(&format!("{CHASSIS}/Power")),
        "Manufacturer": machine.manufacturer,
        "Model": machine.model,
        "SerialNumber": machine.serial,
        "PowerState": power_state(shared),
        "Status": { "State": "Enabled", "Health": "OK" },
        "Links": { "ComputerSystems": [link(SYSTEM)], "ManagedBy": [link(MANAGER)] },
    })
}

/// Temperatures and fans: a machine that is off is cold and still.
pub(super) fn thermal(shared: &Shared) -> Value {
    let on = shared.machine.power() == Power::On;
    let own = format!("{CHASSIS}/Thermal");
    json!({
        "@odata.id": own,
        "@odata.type": "#Thermal.v1_7_1.Thermal",
        "Id": "Thermal",
        "Name": "Thermal",
        "Temperatures": [
            {
                "@odata.id": format!("{own}#/Temperatures/0"),
                "MemberId": "0",
                "Name": "CPU Temp",
                "PhysicalContext": "CPU",
                "ReadingCelsius": if on { 48 } else { 22 },
                "UpperThresholdCritical": 95,
                "Status": { "State": "Enabled", "Health": "OK" },
            },
            {
                "@odata.id": format!("{own}#/Temperatures/1"),
                "MemberId": "1",
                "Name": "CPU 2 Temp",
                "PhysicalContext": "CPU",
                "ReadingCelsius": null,
                "Status": { "State": "Absent" },
            },
        ],
        "Fans": [{
            "@odata.id": format!("{own}#/Fans/0"),
            "MemberId": "0",
            "Name": "Fan 1",
            "Reading": if on { 5400 } else { 0 },
            "ReadingUnits": "RPM",
            "Status": { "State": "Enabled", "Health": "OK" },
        }],
    })
}

/// Voltages and power: a machine that is off draws 8 W.
pub(super) fn power(shared: &Shared) -> Value {
    let on = shared.machine.power() == Power::On;
    let own = format!("{CHASSIS}/Power");
    let watts = if on { 244 } else { 8 };
    json!({
        "@odata.id": own,
        "@odata.type": "#Power.v1_7_1.Power",
        "Id": "Power",
        "Name": "Power",
        "PowerControl": [{
            "@odata.id": format!("{own}#/PowerControl/0"),
            "MemberId": "0",
            "Name": "System power",
            "PowerConsumedWatts": watts,
            "Status": { "State": "Enabled", "Health": "OK" },
        }],
        "Voltages": [{
            "@odata.id": format!("{own}#/Voltages/0"),
            "MemberId": "0",
            "Name": "12V",
            "ReadingVolts": if on { 12.0 } else { 0.0 },
            "Status": { "State": "Enabled", "Health": "OK" },
        }],
        "PowerSupplies": [{
            "@odata.id": format!("{own}#/PowerSupplies/0"),
            "MemberId": "0",
            "Name": "PSU 1",
            "Manufacturer": "Assay simulator",
            "Model": "Simulated supply",
            "SerialNumber": format!("{}-PSU1", shared.machine.hardware().serial),
            "FirmwareVersion": "1.0",
            "PowerInputWatts": watts,
            "Status": { "State": "Enabled", "Health": "OK" },
        }],
    })
}
