//! What another instance like a given one is made of.

use std::collections::BTreeMap;

use assay_domain::cloud::{CloudResult, InstanceVolume, NewInstance};
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
}

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
    let volumes = attached.into_iter().map(|volume| InstanceVolume {
        id: volume.id,
        is_deleted_with_instance: false,
    });
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
        volumes: volumes.collect(),
        network_ids: cards
            .interfaces
            .into_iter()
            .map(|card| card.net_id)
            .collect(),
        security_groups,
        metadata: found.metadata,
        zone: found.server.zone.filter(|zone| !zone.is_empty()),
    })
}
