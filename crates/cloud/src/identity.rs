//! Keystone: domains, their configurations in its database, and how users may log in.

use std::collections::BTreeMap;

use assay_domain::cloud::{CloudError, CloudResult, Domain, DomainConfig, Identity};
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::api::Api;
use crate::call::Call;
use crate::openstack::OpenStack;

const DOMAIN: &str = "Domain";
/// A method of logging in that no Keystone has.
const NO_METHOD: &str = "assay-asks-for-the-methods";

#[derive(Deserialize)]
struct OneDomain {
    domain: DomainWire,
}

#[derive(Deserialize)]
struct DomainWire {
    id: String,
    name: String,
}

/// The refusal of a method that Keystone does not know: it tells those that it knows (`auth.methods`
/// of its configuration; `AuthMethodNotSupported` in Keystone's `exception.py`).
#[derive(Deserialize)]
struct Refused {
    error: RefusedMethod,
}

#[derive(Deserialize)]
struct RefusedMethod {
    identity: Methods,
}

#[derive(Deserialize)]
struct Methods {
    methods: Vec<String>,
}

#[async_trait]
impl Identity for OpenStack {
    async fn domain(&self, id: &str) -> CloudResult<Domain> {
        let call = Call::get(Api::Identity, &["domains", id]).about(DOMAIN, id);
        let OneDomain { domain } = self.transport.ask(&call).await?;
        Ok(Domain {
            id: domain.id,
            name: domain.name,
        })
    }

    async fn configure(&self, id: &str, config: &DomainConfig) -> CloudResult<()> {
        let plain: BTreeMap<&String, BTreeMap<&String, &str>> = config
            .iter()
            .map(|(group, options)| {
                let options = options.iter();
                let told = options.map(|(option, value)| (option, value.expose()));
                (group, told.collect())
            })
            .collect();
        let path = ["domains", id, "config"];
        let call = Call::send(
            Api::Identity,
            Method::PUT,
            &path,
            json!({ "config": plain }),
        )
        .about(DOMAIN, id);
        // What comes back is not read.
        self.transport.tell(&call).await.map(drop)
    }

    async fn login_methods(&self) -> CloudResult<Vec<String>> {
        let body = json!({"auth": {"identity": {"methods": [NO_METHOD], NO_METHOD: {}}}});
        let call = Call::send(Api::Identity, Method::POST, &["auth", "tokens"], body)
            .about("Method of logging in", NO_METHOD);
        let answer = self.transport.ask_for_refusal(&call).await?;
        let service = Api::Identity.name();
        if answer.status == StatusCode::UNAUTHORIZED {
            let refused: Refused = answer.json(service)?;
            return Ok(refused.error.identity.methods);
        }
        answer.accepted(&call)?;
        Err(CloudError::Malformed {
            service,
            reason: "it let a user in by a method that there is not".to_owned(),
        })
    }
}
