//! Nova's metadata of servers.

use std::collections::BTreeMap;

use assay_domain::cloud::{CloudResult, InstanceNotes, NotedInstance};
use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::api::{Api, nova};
use crate::call::Call;
use crate::openstack::OpenStack;
use crate::pages::{self, Listed, Paging};

use super::INSTANCE;

#[derive(Deserialize)]
struct Metadata {
    metadata: BTreeMap<String, String>,
}

/// A server with what is noted on it.
#[derive(Deserialize)]
struct Noted {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Listed for Noted {
    const NAME: &'static str = "servers";
    const PAGING: Paging = Paging::Links;

    fn marker(&self) -> &str {
        &self.id
    }
}

#[async_trait]
impl InstanceNotes for OpenStack {
    async fn of(&self, uuid: &str) -> CloudResult<BTreeMap<String, String>> {
        let call = Call::get(Api::Compute, &["servers", uuid, "metadata"])
            .version(nova::BASE)
            .about(INSTANCE, uuid);
        let found: Metadata = self.transport.ask(&call).await?;
        Ok(found.metadata)
    }

    async fn add(&self, uuid: &str, notes: &BTreeMap<String, String>) -> CloudResult<()> {
        let path = ["servers", uuid, "metadata"];
        // A POST adds, where a PUT would replace all.
        let call = Call::send(
            Api::Compute,
            Method::POST,
            &path,
            json!({ "metadata": notes }),
        )
        .version(nova::BASE)
        .about(INSTANCE, uuid);
        self.transport.tell(&call).await.map(drop)
    }

    async fn remove(&self, uuid: &str, key: &str) -> CloudResult<()> {
        let call = Call::delete(Api::Compute, &["servers", uuid, "metadata", key])
            .version(nova::BASE)
            .about("Metadata", key);
        self.transport.tell(&call).await.map(drop)
    }

    async fn named(&self, project_id: &str, part: &str) -> CloudResult<Vec<NotedInstance>> {
        let build = || {
            Call::get(Api::Compute, &["servers", "detail"])
                .version(nova::BASE)
                .with("name", part)
                .in_project(project_id)
        };
        let found = pages::all::<Noted>(&self.transport, build).await?;
        let noted = found.into_iter().map(|server| NotedInstance {
            uuid: server.id,
            name: server.name,
            notes: server.metadata,
        });
        Ok(noted.collect())
    }
}
