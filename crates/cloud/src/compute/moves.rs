//! Nova's migrations.

use assay_domain::Timestamp;
use assay_domain::cloud::{CloudResult, Migration, MigrationFilter, Moves, Settlement};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use crate::api::{Api, nova};
use crate::call::Call;
use crate::openstack::OpenStack;
use crate::pages::{self, Listed, Paging};

use super::time;

#[derive(Deserialize)]
struct MigrationWire {
    id: i64,
    uuid: String,
    instance_uuid: String,
    migration_type: Option<String>,
    status: Option<String>,
    source_compute: Option<String>,
    dest_compute: Option<String>,
    #[serde(default, deserialize_with = "time")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    updated_at: Option<Timestamp>,
}

impl Listed for MigrationWire {
    const NAME: &'static str = "migrations";
    const PAGING: Paging = Paging::Links;

    fn marker(&self) -> &str {
        &self.uuid
    }
}

impl From<MigrationWire> for Migration {
    fn from(wire: MigrationWire) -> Self {
        Self {
            id: wire.id,
            instance_uuid: wire.instance_uuid,
            kind: wire.migration_type.unwrap_or_default().into(),
            status: wire.status.unwrap_or_default().into(),
            source: wire.source_compute,
            destination: wire.dest_compute,
            created_at: wire.created_at,
            updated_at: wire.updated_at,
        }
    }
}

#[async_trait]
impl Moves for OpenStack {
    async fn live_migrate(&self, uuid: &str, target: Option<&str>) -> CloudResult<()> {
        let action = json!({"os-migrateLive": {"host": target, "block_migration": "auto"}});
        self.act(uuid, nova::BASE, action).await
    }

    async fn cold_migrate(&self, uuid: &str, target: Option<&str>) -> CloudResult<()> {
        match target {
            None => self.act(uuid, nova::BASE, json!({"migrate": null})).await,
            Some(host) => {
                let action = json!({"migrate": {"host": host}});
                self.act(uuid, nova::COLD_TARGET, action).await
            }
        }
    }

    async fn settle(&self, uuid: &str, settlement: Settlement) -> CloudResult<()> {
        let action = match settlement {
            Settlement::Confirm => json!({"confirmResize": null}),
            Settlement::Revert => json!({"revertResize": null}),
        };
        self.act(uuid, nova::BASE, action).await
    }

    async fn evacuate(&self, uuid: &str, target: Option<&str>) -> CloudResult<()> {
        let wanted = match target {
            None => json!({}),
            Some(host) => json!({ "host": host }),
        };
        self.act(uuid, nova::BASE, json!({ "evacuate": wanted }))
            .await
    }

    async fn migrations(&self, filter: &MigrationFilter) -> CloudResult<Vec<Migration>> {
        let build = || {
            let mut call =
                Call::get(Api::Compute, &["os-migrations"]).version(nova::MIGRATION_PAGES);
            if let Some(uuid) = &filter.instance_uuid {
                call = call.with("instance_uuid", uuid);
            }
            if let Some(host) = &filter.host {
                call = call.with("host", host);
            }
            if let Some(since) = filter.changed_since {
                call = call.with("changes-since", since.to_rfc3339());
            }
            call
        };
        let found = pages::all::<MigrationWire>(&self.transport, build);
        let mut found: Vec<Migration> = found.await?.into_iter().map(Into::into).collect();
        found.sort_by_key(|migration| std::cmp::Reverse(migration.id));
        Ok(found)
    }

    async fn abort_live(&self, uuid: &str, migration_id: i64) -> CloudResult<()> {
        let with_queued = self.transport.nova_speaks(nova::ABORT_QUEUED).await?;
        let minor = if with_queued {
            nova::ABORT_QUEUED
        } else {
            nova::BASE
        };
        let id = migration_id.to_string();
        let call = Call::delete(Api::Compute, &["servers", uuid, "migrations", &id])
            .version(minor)
            .about("Migration", &id);
        self.transport.tell(&call).await.map(drop)
    }
}
