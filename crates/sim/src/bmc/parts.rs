//! The processor and the memory of a system as Redfish shows them.

use serde_json::{Value, json};

use super::documents::{SYSTEM, collection};
use crate::hardware::SimMachine;

/// The resource at a path below the system's `Processors`.
pub(super) fn processors(machine: &SimMachine, path: &[&str]) -> Option<Value> {
    Some(match path {
        [] => collection("Processor", "Systems/1/Processors", &["CPU1".to_owned()]),
        ["CPU1"] => json!({
            "@odata.id": format!("{SYSTEM}/Processors/CPU1"),
            "@odata.type": "#Processor.v1_18_0.Processor",
            "Id": "CPU1",
            "Name": "Processor 1",
            "ProcessorType": "CPU",
            "Manufacturer": "Assay simulator",
            "Model": "Simulated processor",
            "TotalThreads": machine.cpus,
            "Status": { "State": "Enabled", "Health": "OK" },
        }),
        _ => return None,
    })
}

/// The resource at a path below the system's `Memory`: one module, and a free place.
pub(super) fn memory(machine: &SimMachine, path: &[&str]) -> Option<Value> {
    let places = ["DIMM1".to_owned(), "DIMM2".to_owned()];
    Some(match path {
        [] => collection("Memory", "Systems/1/Memory", &places),
        ["DIMM1"] => json!({
            "@odata.id": format!("{SYSTEM}/Memory/DIMM1"),
            "@odata.type": "#Memory.v1_17_0.Memory",
            "Id": "DIMM1",
            "Name": "Memory module",
            "CapacityMiB": machine.memory_mib,
            "Manufacturer": "Assay simulator",
            "PartNumber": "SIM-DIMM",
            "SerialNumber": format!("{}-DIMM1", machine.serial),
            "Status": { "State": "Enabled", "Health": "OK" },
        }),
        ["DIMM2"] => json!({
            "@odata.id": format!("{SYSTEM}/Memory/DIMM2"),
            "@odata.type": "#Memory.v1_17_0.Memory",
            "Id": "DIMM2",
            "Name": "Memory module",
            "Status": { "State": "Absent" },
        }),
        _ => return None,
    })
}
