//! Nova: hypervisors, instances and their moves.

mod hosts;
mod instances;
mod moves;
mod notes;
mod server;
mod template;

use assay_domain::Timestamp;
use assay_domain::cloud::CloudResult;
use reqwest::Method;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::api::Api;
use crate::call::Call;
use crate::openstack::OpenStack;

/// The kind of thing that an instance is, in errors.
const INSTANCE: &str = "Instance";

impl OpenStack {
    /// Tells Nova to do something with an instance.
    async fn act(&self, uuid: &str, minor: u16, action: Value) -> CloudResult<()> {
        let path = ["servers", uuid, "action"];
        let call = Call::send(Api::Compute, Method::POST, &path, action)
            .version(minor)
            .about(INSTANCE, uuid);
        // What comes back may hold a password, and is not read.
        self.transport.tell(&call).await.map(drop)
    }
}

/// A time as Nova writes it, with and without a zone; what is none of both is not known.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| {
        let zoned = text.parse::<Timestamp>();
        zoned.or_else(|_| format!("{text}Z").parse()).ok()
    }))
}
