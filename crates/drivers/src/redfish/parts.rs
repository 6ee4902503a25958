//! Replaceable parts of a machine over Redfish.

use assay_domain::DriverError;
use assay_domain::capability::{Part, PartsCapability};
use async_trait::async_trait;
use serde_json::Value;

use super::fault::HttpFault;
use super::session::Machine;
use super::told::{first_text, id, is_absent, text, unique};
use super::walk::Walk;

#[async_trait]
impl PartsCapability for Machine {
    async fn parts(&self) -> Result<Vec<Part>, DriverError> {
        let (mut walk, system) = self.walk().await?;
        let resources = collect(&mut walk, system).await;
        let resources = resources.map_err(|fault| self.wire.error(fault))?;
        let found: Vec<(Part, Option<String>)> = resources.iter().filter_map(part).collect();
        let named: Vec<_> = found
            .iter()
            .map(|(part, id)| (part.name.clone(), id.clone()))
            .collect();
        let parts = found.into_iter().zip(unique(&named));
        Ok(parts
            .map(|((part, _), name)| Part { name, ..part })
            .collect())
    }
}

/// The resources that are parts, the machine itself first.
async fn collect(walk: &mut Walk<'_>, system: Value) -> Result<Vec<Value>, HttpFault> {
    let mut parts = vec![system.clone()];
    for key in ["Processors", "Memory"] {
        parts.extend(walk.members_of(&system, key).await?.unwrap_or_default());
    }
    for storage in walk
        .members_of(&system, "Storage")
        .await?
        .unwrap_or_default()
    {
        parts.extend(walk.linked(&storage, "/Drives").await?);
    }
    for chassis in walk.linked(&system, "/Links/Chassis").await? {
        parts.push(chassis.clone());
        parts.extend(power_supplies(walk, &chassis).await?);
    }
    Ok(parts)
}

/// The power supplies of a chassis, in the newer form (PowerSubsystem) or the older (Power).
async fn power_supplies(walk: &mut Walk<'_>, chassis: &Value) -> Result<Vec<Value>, HttpFault> {
    if let Some(power) = walk.follow(chassis, "PowerSubsystem").await?
        && let Some(supplies) = walk.members_of(&power, "PowerSupplies").await?
        && !supplies.is_empty()
    {
        return Ok(supplies);
    }
    let power = walk.follow(chassis, "Power").await?;
    let supplies = power.as_ref().and_then(|power| power.get("PowerSupplies"));
    let supplies = supplies.and_then(Value::as_array);
    Ok(supplies.cloned().unwrap_or_default())
}

/// What a resource says of itself as a part, and its identifier; `None` for an empty place and for what
/// has no name.
fn part(resource: &Value) -> Option<(Part, Option<String>)> {
    if is_absent(resource) {
        return None;
    }
    let id = id(resource);
    let part = Part {
        name: text(resource, "Name").or_else(|| id.clone())?,
        manufacturer: text(resource, "Manufacturer"),
        product: text(resource, "Model"),
        part_number: text(resource, "PartNumber"),
        serial_number: text(resource, "SerialNumber"),
        version: first_text(resource, &["Version", "FirmwareVersion", "Revision"]),
        asset_tag: text(resource, "AssetTag"),
    };
    Some((part, id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_place_is_no_part() {
        assert!(part(&json!({"Name": "DIMM", "Status": {"State": "Absent"}})).is_none());
        assert!(part(&json!({"Model": "R1"})).is_none() && part(&json!([])).is_none());
        let (drive, _) = part(&json!({"Id": "1", "Model": "D1", "Revision": "A2",
            "SerialNumber": 4, "Status": {"State": "Enabled"}}))
        .unwrap();
        assert_eq!((drive.name.as_str(), drive.serial_number), ("1", None));
        assert_eq!(drive.version.as_deref(), Some("A2"));
    }
}
