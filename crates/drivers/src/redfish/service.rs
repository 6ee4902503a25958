//! The service root, and which of the BMC's systems is the machine.

use assay_domain::DriverError;
use nv_redfish::core::{Bmc, ODataId, Raw};
use nv_redfish::schema::service_root::ServiceRoot;
use serde_json::Value;

use super::fault::HttpFault;
use super::settings::Wanted;
use super::wire::{Transport, Wire, decode};

/// Pages of a collection that are read.
const PAGE_LIMIT: usize = 16;

/// The root as it came, with this driver's quirks repaired.
pub(super) async fn read_root(transport: &Transport) -> Result<Value, HttpFault> {
    let raw = transport.get::<Raw>(&ODataId::service_root()).await?;
    Ok(raw.value().clone())
}

/// What the root offers.
pub(super) struct Root {
    /// Where sessions are made, if the BMC has any.
    pub(super) sessions: Option<ODataId>,
    /// The collection of systems, if the BMC has any.
    systems: Option<ODataId>,
    /// What else matters of it once the machine is found.
    pub(super) offer: Offer,
}

/// What a BMC offers beside its systems.
#[derive(Debug, Clone, Default)]
pub(super) struct Offer {
    /// The query that has a collection's members come with it, if the BMC knows one (DSP0266, 7.3).
    pub(super) expand: Option<&'static str>,
    /// Its service of accounts.
    pub(super) accounts: Option<ODataId>,
}

impl Offer {
    fn of(root: &Value) -> Self {
        let expands = |how: &str| {
            let query = root.pointer("/ProtocolFeaturesSupported/ExpandQuery");
            query.and_then(|query| query.get(how)?.as_bool()) == Some(true)
        };
        let expand = if expands("NoLinks") {
            Some("$expand=.")
        } else {
            expands("ExpandAll").then_some("$expand=*")
        };
        Self {
            expand,
            accounts: root.get("AccountService").and_then(address),
        }
    }
}

impl Root {
    /// Reads a root's document.
    pub(super) fn of(document: Value, wire: &Wire) -> Result<Self, DriverError> {
        let offer = Offer::of(&document);
        let root: ServiceRoot = decode(wire.peer.endpoint(), document)
            .map_err(|error| wire.error(HttpFault::Decode(error)))?;
        let sessions = root.links.sessions.id().clone();
        let assumed = wire
            .bmc
            .quirks()
            .bug_missing_root_nav_properties()
            .then(|| ODataId::from(String::from("/redfish/v1/Systems")));
        Ok(Self {
            sessions: Some(sessions).filter(|id| !id.to_string().is_empty()),
            systems: root.systems.map(|systems| systems.id().clone()).or(assumed),
            offer,
        })
    }

    /// Finds the machine among the BMC's systems.
    pub(super) async fn find(&self, wanted: &Wanted, wire: &Wire) -> Result<ODataId, DriverError> {
        let Some(systems) = &self.systems else {
            return Err(wire.peer.unsupported("the BMC has no computer systems"));
        };
        let mut members = members(wire, systems).await?;
        if let Some(is_system) = wire.bmc.quirks().filter_computer_system_odata_ids() {
            members.retain(|id| is_system(&id.to_string()));
        }
        choose(members, wanted).map_err(|cause| wire.peer.unsupported(cause))
    }
}

/// The members of a collection, over all its pages.
pub(super) async fn members(
    wire: &Wire,
    collection: &ODataId,
) -> Result<Vec<ODataId>, DriverError> {
    let mut members = Vec::new();
    let mut next = Some(collection.clone());
    for _ in 0..PAGE_LIMIT {
        let Some(page) = next.take() else { break };
        let document = wire.read(&page).await?;
        let Some(listed) = document.get("Members").and_then(Value::as_array) else {
            return Err(wire
                .peer
                .malformed(format!("the collection {page} has no Members")));
        };
        members.extend(listed.iter().filter_map(address));
        next = document
            .get("Members@odata.nextLink")
            .and_then(Value::as_str)
            .map(|link| link.to_owned().into());
    }
    Ok(members)
}

/// Where a reference points.
pub(super) fn address(reference: &Value) -> Option<ODataId> {
    let id = reference.get("@odata.id")?.as_str()?;
    Some(id.to_owned().into())
}

/// Chooses by output, then by `system_id`, then the only one.
fn choose(members: Vec<ODataId>, wanted: &Wanted) -> Result<ODataId, String> {
    let named = |name: &str| members.iter().find(|id| segment(id) == name).cloned();
    if let Some(found) = wanted.output.as_deref().and_then(named) {
        return Ok(found);
    }
    if let Some(name) = &wanted.system_id {
        return named(name).ok_or_else(|| {
            format!(
                "setting 'system_id': the BMC has no system '{name}', but {}",
                list(&members)
            )
        });
    }
    match <[ODataId; 1]>::try_from(members) {
        Ok([only]) => Ok(only),
        Err(members) if members.is_empty() => Err("the BMC has no computer systems".into()),
        Err(members) => Err(format!(
            "the BMC has several systems, so 'system_id' must name one: {}",
            list(&members)
        )),
    }
}

/// The last segment of a path, which names a member of a collection.
fn segment(id: &ODataId) -> String {
    let path = id.to_string();
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn list(members: &[ODataId]) -> String {
    members.iter().map(segment).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn systems(names: &[&str]) -> Vec<ODataId> {
        names
            .iter()
            .map(|name| format!("/redfish/v1/Systems/{name}").into())
            .collect()
    }

    fn pick(names: &[&str], output: &str, system_id: Option<&str>) -> Result<String, String> {
        let wanted = Wanted {
            output: Some(output.to_owned()).filter(|output| !output.is_empty()),
            system_id: system_id.map(str::to_owned),
        };
        choose(systems(names), &wanted).map(|id| segment(&id))
    }

    #[test]
    fn the_only_system_is_the_machine_whatever_the_output() {
        assert_eq!(pick(&["437XR"], "", None), Ok("437XR".into()));
        assert_eq!(pick(&["437XR"], "1", None), Ok("437XR".into()));
    }

    #[test]
    fn several_systems_need_a_name() {
        assert_eq!(pick(&["a", "b"], "", Some("b")), Ok("b".into()));
        assert_eq!(pick(&["a", "b"], "a", Some("b")), Ok("a".into()));
        let error = pick(&["a", "b"], "1", None).unwrap_err();
        assert!(
            error.contains("system_id") && error.contains("a, b"),
            "{error}"
        );
        let error = pick(&["a", "b"], "", Some("c")).unwrap_err();
        assert!(error.contains("'c'") && error.contains("a, b"), "{error}");
        assert!(pick(&[], "", None).is_err());
    }
}
