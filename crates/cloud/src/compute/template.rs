//! What another instance like a given one is made of.

use std::collections::BTreeMap;

use assay_domain::cloud::{CloudError, CloudResult, InstanceVolume, KeyPair, NewInstance};
use serde::Deserialize;

use crate::api::{Api, nova};
use crate::call::Call;
use crate::openstack::OpenStack;

use super::INSTANCE;
use super::server::Server;

#[derive(Deserialize)]
struct Described {
    server: Description,
}

#[derive(Deserialize)]
struct Description {
    #[serde(flatten)]
    server: Server,
    #[serde(rename = "OS-EXT-SRV-ATTR:root_device_name")]
    root_device: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    security_groups: Vec<Named>,
    key_name: Option<String>,
}

/// What is not read of it is no matter.
#[derive(Deserialize)]
struct Known {}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Attachments {
    #[serde(rename = "volumeAttachments")]
    volumes: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(rename = "volumeId")]
    id: String,
    device: Option<String>,
}

#[derive(Deserialize)]
struct Interfaces {
    #[serde(rename = "interfaceAttachments")]
    interfaces: Vec<Interface>,
}

#[derive(Deserialize)]
struct Interface {
    net_id: String,
}

/// The template of this instance. Its volumes begin with the root, when that is one.
pub(super) async fn of(cloud: &OpenStack, uuid: &str) -> CloudResult<NewInstance> {
    let get = |path: &[&'static str]| {
        let path = [&["servers", uuid][..], path].concat();
        Call::get(Api::Compute, &path)
            .version(nova::FLAVOR_ID)
            .about(INSTANCE, uuid)
    };
    let transport = &cloud.transport;
    let Described { server: found } = transport.ask(&get(&[])).await?;
    let attached: Attachments = transport.ask(&get(&["os-volume_attachments"])).await?;
    let cards: Interfaces = transport.ask(&get(&["os-interface"])).await?;
    let mut attached = attached.volumes;
    attached.sort_by_key(|volume| (volume.device != found.root_device, volume.device.clone()));
    let goes_with_it = |id: &str| {
        let of_server = found.server.volumes.iter().find(|volume| volume.id == id);
        of_server.is_some_and(|volume| volume.delete_on_termination)
    };
    let volumes: Vec<InstanceVolume> = attached
        .into_iter()
        .map(|volume| InstanceVolume {
            is_deleted_with_instance: goes_with_it(&volume.id),
            id: volume.id,
        })
        .collect();
    let key = match found.key_name {
        Some(name) => Some(key_pair(cloud, name).await?),
        None => None,
    };
    let mut security_groups: Vec<String> = found
        .security_groups
        .into_iter()
        .map(|group| group.name)
        .collect();
    // Nova lists a group once per card.
    security_groups.sort();
    security_groups.dedup();
    Ok(NewInstance {
        image_id: found.server.image_id().map(str::to_owned),
        name: found.server.name,
        project_id: found.server.tenant_id,
        flavor_id: found.server.flavor.id.unwrap_or_default(),
        volumes,
        network_ids: cards
            .interfaces
            .into_iter()
            .map(|card| card.net_id)
            .collect(),
        security_groups,
        metadata: found.metadata,
        key,
        zone: found.server.zone.filter(|zone| !zone.is_empty()),
    })
}

async fn key_pair(cloud: &OpenStack, name: String) -> CloudResult<KeyPair> {
    let call = Call::get(Api::Compute, &["os-keypairs", &name])
        .version(nova::BASE)
        .about("Key pair", &name);
    let is_own = match cloud.transport.ask::<Known>(&call).await {
        Ok(Known {}) => true,
        Err(CloudError::NotFound { .. }) => false,
        Err(error) => return Err(error),
    };
    Ok(KeyPair { name, is_own })
}
