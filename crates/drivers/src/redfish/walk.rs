//! Reading the many resources round a machine with a bounded number of requests.

use std::collections::HashSet;

use assay_domain::DriverError;
use nv_redfish::core::ODataId;
use serde_json::Value;

use super::fault::HttpFault;
use super::service::address;
use super::session::Machine;
use super::wire::Wire;

/// Requests of one reading, so that no BMC keeps us for ever. A large machine with a drive per request
/// has about 100.
const REQUEST_LIMIT: usize = 256;
/// Members of one collection that are kept; only logs have thousands.
const MEMBER_LIMIT: usize = 10_000;

/// One reading of many resources.
pub(super) struct Walk<'a> {
    wire: &'a Wire,
    /// The query that has a collection's members come with it, as long as the BMC does as it says.
    expand: Option<&'static str>,
    /// Requests that may still be made.
    left: usize,
    /// Whether there was more to read.
    is_cut: bool,
    /// Whether the account may not read something.
    denied: bool,
    /// The last fault that was forgiven.
    fault: Option<HttpFault>,
}

impl Machine {
    /// Begins to read what is round the machine: with its own document.
    pub(super) async fn walk(&self) -> Result<(Walk<'_>, Value), DriverError> {
        let system = self.wire.read(&self.system).await?;
        if !system.is_object() {
            let cause = format!("{} is no object", self.system);
            return Err(self.wire.peer.malformed(cause));
        }
        let walk = Walk {
            wire: &self.wire,
            expand: self.offer.expand,
            left: REQUEST_LIMIT - 1,
            is_cut: false,
            denied: false,
            fault: None,
        };
        Ok((walk, system))
    }
}

impl Walk<'_> {
    /// Reads a resource; `None` when it is not there, not for this account, or one too many.
    pub(super) async fn read(&mut self, id: &ODataId) -> Result<Option<Value>, HttpFault> {
        if self.left == 0 {
            self.cut(id);
            return Ok(None);
        }
        self.left -= 1;
        match self.wire.fetch(id).await {
            Ok(document) if document.is_object() => Ok(Some(document)),
            Ok(_) => Err(HttpFault::Malformed(format!("{id} is no object"))),
            Err(fault) if fault.is_missing() => {
                self.denied |= fault.has_status(403);
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// The resources that a document links to at `pointer`; none where they make no sense.
    pub(super) async fn linked(
        &mut self,
        document: &Value,
        pointer: &str,
    ) -> Result<Vec<Value>, HttpFault> {
        let links = document.pointer(pointer).and_then(Value::as_array);
        let resources = self.whole(links.cloned().unwrap_or_default()).await;
        self.forgive(resources)
    }

    /// The resource behind a link of a document, if both are there and make sense.
    pub(super) async fn follow(
        &mut self,
        document: &Value,
        key: &str,
    ) -> Result<Option<Value>, HttpFault> {
        let Some(id) = document.get(key).and_then(address) else {
            return Ok(None);
        };
        let resource = self.read(&id).await;
        self.forgive(resource)
    }

    /// The members of the collection behind a link of a document over all its pages, each whole; `None`
    /// where there is no such collection, or it makes no sense.
    pub(super) async fn members_of(
        &mut self,
        document: &Value,
        key: &str,
    ) -> Result<Option<Vec<Value>>, HttpFault> {
        let Some(id) = document.get(key).and_then(address) else {
            return Ok(None);
        };
        let members = self.members(&id).await;
        self.forgive(members)
    }

    /// The driver's error for what was not found: with the fault that it may come from, if there was any.
    pub(super) fn lacks(&mut self, cause: &str) -> DriverError {
        let peer = &self.wire.peer;
        match self.fault.take() {
            Some(fault) => self.wire.error(fault),
            None if self.denied => {
                peer.unsupported(format!("{cause}, or not to this account (HTTP status 403)"))
            }
            None => peer.unsupported(cause),
        }
    }

    /// Passes over a fault of one resource, because others tell enough; [`Self::lacks`] tells it when
    /// they do not.
    pub(super) fn forgive<T: Default>(
        &mut self,
        outcome: Result<T, HttpFault>,
    ) -> Result<T, HttpFault> {
        match outcome {
            Err(fault) if fault.is_of_one_resource() => {
                let endpoint = self.wire.peer.endpoint();
                tracing::warn!(endpoint, %fault, "a resource of a BMC cannot be read and is left out");
                self.fault = Some(fault);
                Ok(T::default())
            }
            outcome => outcome,
        }
    }

    /// Says, once, that the rest is left out.
    fn cut(&mut self, resource: &ODataId) {
        if !std::mem::replace(&mut self.is_cut, true) {
            tracing::warn!(
                endpoint = self.wire.peer.endpoint(),
                %resource,
                "a BMC has more than fits into one reading; the rest is left out"
            );
        }
    }

    async fn members(&mut self, collection: &ODataId) -> Result<Option<Vec<Value>>, HttpFault> {
        let Some(mut page) = self.first_page(collection).await? else {
            return Ok(None);
        };
        let (mut listed, mut seen) = (Vec::new(), HashSet::new());
        loop {
            let Some(Value::Array(members)) = page.get_mut("Members").map(Value::take) else {
                let cause = format!("the collection {collection} has no Members");
                return Err(HttpFault::Malformed(cause));
            };
            let room = MEMBER_LIMIT - listed.len();
            if members.len() > room {
                self.cut(collection);
            }
            listed.extend(members.into_iter().take(room));
            let next = page.get("Members@odata.nextLink").and_then(Value::as_str);
            let Some(next) = next else { break };
            if listed.len() >= MEMBER_LIMIT {
                self.cut(collection);
                break;
            }
            // A page that was there before would come for ever.
            if !seen.insert(next.to_owned()) {
                break;
            }
            match self.read(&next.to_owned().into()).await? {
                Some(document) => page = document,
                None if self.left == 0 => break,
                None => {
                    let cause = format!("the page {next} of a collection is not there");
                    return Err(HttpFault::Malformed(cause));
                }
            }
        }
        self.whole(listed).await.map(Some)
    }

    async fn first_page(&mut self, collection: &ODataId) -> Result<Option<Value>, HttpFault> {
        if let Some(query) = self.expand {
            let path = collection.to_string();
            let sign = if path.contains('?') { '&' } else { '?' };
            match self.read(&format!("{path}{sign}{query}").into()).await {
                Ok(Some(page)) if page.get("Members").is_some_and(Value::is_array) => {
                    return Ok(Some(page));
                }
                Ok(None) => {}
                Err(fault) if !fault.is_of_one_resource() => return Err(fault),
                // It does not do as it says.
                Ok(Some(_)) | Err(_) => self.expand = None,
            }
        }
        self.read(collection).await
    }

    /// The resources that are listed, those read that are only referred to. Firmware lists what it does
    /// not have and fails at single resources: those are left out, unless all are such.
    async fn whole(&mut self, listed: Vec<Value>) -> Result<Vec<Value>, HttpFault> {
        let (mut whole, mut last) = (Vec::with_capacity(listed.len()), None);
        for resource in listed {
            match self.complete(resource).await {
                Ok(resource) => whole.extend(resource),
                Err(fault) if fault.is_of_one_resource() => {
                    let endpoint = self.wire.peer.endpoint();
                    tracing::debug!(endpoint, %fault, "a resource cannot be read and is left out");
                    last = Some(fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        match last {
            Some(fault) if whole.is_empty() => Err(fault),
            _ => Ok(whole),
        }
    }

    async fn complete(&mut self, resource: Value) -> Result<Option<Value>, HttpFault> {
        let Some(object) = resource.as_object() else {
            return Err(HttpFault::Malformed(
                "a listed resource is no object".into(),
            ));
        };
        if object.keys().any(|key| !key.starts_with('@')) {
            return Ok(Some(resource));
        }
        match address(&resource) {
            Some(id) => self.read(&id).await,
            None => Err(HttpFault::Malformed("a reference leads nowhere".into())),
        }
    }
}
