//! Cinder: volumes and their copies.

use std::collections::BTreeMap;

use assay_domain::cloud::{CloudResult, NewVolume, Volume, Volumes};
use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::api::Api;
use crate::call::Call;
use crate::openstack::OpenStack;

const VOLUME: &str = "Volume";

#[derive(Deserialize)]
struct OneVolume {
    volume: VolumeWire,
}

#[derive(Deserialize)]
struct SomeVolumes {
    volumes: Vec<VolumeWire>,
}

#[derive(Deserialize)]
struct VolumeWire {
    id: String,
    name: Option<String>,
    status: String,
    size: u64,
    source_volid: Option<String>,
    /// `true` or `false`, as text.
    bootable: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl From<VolumeWire> for Volume {
    fn from(volume: VolumeWire) -> Self {
        Self {
            id: volume.id,
            name: volume.name.unwrap_or_default(),
            status: volume.status.into(),
            size_gb: volume.size,
            copy_of: volume.source_volid,
            is_bootable: volume.bootable.as_deref() == Some("true"),
            notes: volume.metadata,
        }
    }
}

#[async_trait]
impl Volumes for OpenStack {
    async fn get(&self, id: &str) -> CloudResult<Volume> {
        let call = Call::get(Api::Volume, &["volumes", id]).about(VOLUME, id);
        let found: OneVolume = self.transport.ask(&call).await?;
        Ok(found.volume.into())
    }

    async fn named(&self, project_id: &str, name: &str) -> CloudResult<Vec<Volume>> {
        let call = Call::get(Api::Volume, &["volumes", "detail"])
            .with("name", name)
            .in_project(project_id)
            .about(VOLUME, name);
        let found: SomeVolumes = self.transport.ask(&call).await?;
        Ok(found.volumes.into_iter().map(Into::into).collect())
    }

    async fn copy(&self, new: &NewVolume) -> CloudResult<Volume> {
        let body = json!({"volume": {
            "name": new.name, "source_volid": new.copy_of, "size": new.size_gb,
            "metadata": new.notes,
        }});
        let call = Call::send(Api::Volume, Method::POST, &["volumes"], body)
            .in_project(&new.project_id)
            .about(VOLUME, &new.copy_of);
        let answer = self.transport.tell(&call).await?;
        let made: OneVolume = answer.json(Api::Volume.name())?;
        Ok(made.volume.into())
    }

    async fn delete(&self, id: &str) -> CloudResult<()> {
        let call = Call::delete(Api::Volume, &["volumes", id]).about(VOLUME, id);
        self.transport.tell(&call).await.map(drop)
    }
}
