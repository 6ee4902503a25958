//! Reading documents of one BMC: repaired, typed by the schema, and forgiving where it costs
//! nothing.

use std::sync::Arc;

use assay_domain::{DriverError, Target};
use nv_redfish::bmc_http::{BmcCredentials, CacheSettings, HttpBmc};
use nv_redfish::core::{Bmc, DecodeError, ModificationResponse, ODataETag, ODataId, Raw};
use nv_redfish::quirks::{BmcQuirks, CompatBmc, RootEvidence, RulesBmc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::fault::{HttpFault, Proof, of_read};
use super::http::Client;
use super::quirks;
use crate::http_client;
use crate::peer::Peer;

/// HTTP with this driver's document quirks.
pub(super) type Transport = RulesBmc<HttpBmc<Client>>;

/// How many properties of one document may be dropped because they do not fit the schema.
const DROP_LIMIT: usize = 16;

/// HTTP to a target, nobody logged in yet.
///
/// # Errors
/// [`DriverError::Unsupported`] when the target's address or trust cannot be used.
pub(super) fn transport(target: &Target, peer: &Peer) -> Result<Arc<Transport>, DriverError> {
    let url = http_client::base_url(target).map_err(|error| peer.unsupported(error))?;
    let client = Client::new(target).map_err(|error| peer.unsupported(error))?;
    let http = HttpBmc::new(
        client,
        url,
        BmcCredentials::Anonymous,
        CacheSettings::with_capacity(0),
    );
    Ok(Arc::new(RulesBmc::new(http, quirks::document_rules())))
}

/// A BMC whose platform is known, with the repairs of its platform.
pub(super) struct Wire {
    /// The library's layer, for changes and actions.
    pub(super) bmc: CompatBmc<Transport>,
    /// The device, for errors.
    pub(super) peer: Peer,
    /// How requests prove who asks.
    pub(super) proof: Proof,
}

impl Wire {
    /// The layer for the platform that a service root speaks of.
    pub(super) fn new(transport: &Arc<Transport>, root: &Value, peer: Peer) -> Self {
        let platform = BmcQuirks::classify(&RootEvidence::from_root(root));
        Self {
            bmc: CompatBmc::new(Arc::clone(transport), Arc::new(platform)),
            peer,
            proof: Proof::Login,
        }
    }

    /// Reads a document.
    pub(super) async fn read(&self, id: &ODataId) -> Result<Value, DriverError> {
        let document = self.fetch(id).await;
        document.map_err(|fault| self.error(fault))
    }

    /// Reads a document, for who has to tell faults apart.
    pub(super) async fn fetch(&self, id: &ODataId) -> Result<Value, HttpFault> {
        let raw = self.bmc.get::<Raw>(id).await;
        raw.map(|raw| raw.value().clone()).map_err(of_read)
    }

    /// Changes a resource that was read as `document`; when the BMC says that it has changed meanwhile
    /// (412), once more as it is then.
    pub(super) async fn change(
        &self,
        id: &ODataId,
        document: &Value,
        changes: &Value,
    ) -> Result<(), HttpFault> {
        match self.patch(id, etag(document), changes).await {
            Err(fault) if fault.has_status(412) => {
                let Ok(document) = self.fetch(id).await else {
                    return Err(fault);
                };
                self.patch(id, etag(&document), changes).await
            }
            outcome => outcome,
        }
    }

    async fn patch(
        &self,
        id: &ODataId,
        etag: Option<ODataETag>,
        changes: &Value,
    ) -> Result<(), HttpFault> {
        let outcome: Result<ModificationResponse<Value>, _> =
            self.bmc.update(id, etag.as_ref(), changes).await;
        outcome.map(drop).map_err(of_read)
    }

    /// Types a document by its schema.
    pub(super) fn typed<T: DeserializeOwned>(&self, document: Value) -> Result<T, DriverError> {
        decode(self.peer.endpoint(), document).map_err(|error| self.error(HttpFault::Decode(error)))
    }

    /// The driver's error for a request's fault.
    pub(super) fn error(&self, fault: HttpFault) -> DriverError {
        fault.into_driver(&self.peer, self.proof)
    }
}

/// The entity tag in a document, which the transport puts there from the header as well.
fn etag(document: &Value) -> Option<ODataETag> {
    let tag = document.get("@odata.etag")?.as_str()?;
    Some(ODataETag::from(tag.to_owned()))
}

/// Types a document by its schema. A property that does not fit is dropped as long as it is
/// optional: firmware has garbage in fields that nobody needs.
pub(super) fn decode<T: DeserializeOwned>(
    endpoint: &str,
    mut document: Value,
) -> Result<T, DecodeError> {
    for _ in 0..DROP_LIMIT {
        match serde_path_to_error::deserialize(&document) {
            Ok(typed) => return Ok(typed),
            Err(error) => {
                let path: Vec<Segment> = error.path().iter().cloned().collect();
                if !drop_at(&mut document, &path) {
                    return Err(error);
                }
                tracing::debug!(endpoint, property = %error.path(), cause = %error.inner(),
                    "a property does not fit the Redfish schema and is passed over");
            }
        }
    }
    serde_path_to_error::deserialize(&document)
}

/// Removes the value at `path`, or the nearest one round it that can be removed; `false` when there
/// is none. The path of an annotation is lost in the generated types: then the document's annotations
/// go.
fn drop_at(document: &mut Value, path: &[Segment]) -> bool {
    let longest = path
        .iter()
        .position(|segment| matches!(segment, Segment::Enum { .. } | Segment::Unknown))
        .unwrap_or(path.len());
    (1..=longest)
        .rev()
        .any(|length| remove(document, &path[..length]))
        || drop_annotations(document)
}

fn remove(document: &mut Value, path: &[Segment]) -> bool {
    let Some((last, parents)) = path.split_last() else {
        return false;
    };
    let parent = parents
        .iter()
        .try_fold(document, |value, segment| match segment {
            Segment::Map { key } => value.get_mut(key),
            Segment::Seq { index } => value.get_mut(*index),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
    match (parent, last) {
        (Some(Value::Object(object)), Segment::Map { key }) => object.remove(key).is_some(),
        (Some(Value::Array(items)), Segment::Seq { index }) if *index < items.len() => {
            items.remove(*index);
            true
        }
        _ => false,
    }
}

fn drop_annotations(document: &mut Value) -> bool {
    document.as_object_mut().is_some_and(|object| {
        let before = object.len();
        object.retain(|key, _| !key.starts_with("@Redfish."));
        object.len() < before
    })
}

#[cfg(test)]
mod tests {
    use nv_redfish::schema::computer_system::ComputerSystem;
    use nv_redfish::schema::resource::PowerState;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn garbage_in_optional_properties_is_passed_over() {
        let document = json!({
            "@odata.id": "/redfish/v1/Systems/1", "Id": "1", "Name": "system",
            "UUID": "not a uuid", "LastResetTime": "0000-00-00T00:00:00+00:00",
            "Boot": {"BootSourceOverrideTarget": 7, "BootOrder": "none"},
            "MemorySummary": {"TotalSystemMemoryGiB": "many"}, "SystemType": {"of": "a kind"},
            "@Redfish.Settings": false,
            "PowerState": "On",
        });
        let system: ComputerSystem = decode("bmc", document).unwrap();
        assert_eq!(system.power_state, Some(Some(PowerState::On)));
        assert!(system.uuid.is_none());
    }

    #[test]
    fn a_document_that_lacks_what_is_required_is_refused() {
        assert!(decode::<ComputerSystem>("bmc", json!({"Id": "1"})).is_err());
        assert!(decode::<ComputerSystem>("bmc", json!([1])).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[A-Za-z@.#]{1,8}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_of_a_property_makes_reading_panic(
            key in prop::sample::select(vec!["Boot", "PowerState", "UUID", "Actions",
                "EthernetInterfaces", "Status", "@Redfish.Settings", "ProcessorSummary"]),
            value in any_json(),
        ) {
            let mut document = json!({"@odata.id": "/s", "Id": "1", "Name": "s"});
            document[key] = value;
            prop_assert!(decode::<ComputerSystem>("bmc", document).is_ok());
        }
    }
}
