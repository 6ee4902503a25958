//! Nova's servers: read, told what to do, made and deleted.

use assay_domain::cloud::{CloudResult, Instance, InstanceCommand, Instances, NewInstance};
use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Api, nova};
use crate::call::Call;
use crate::openstack::OpenStack;
use crate::pages::{self, Listed, Paging};

use super::INSTANCE;
use super::server::Server;

#[derive(Deserialize)]
struct OneServer {
    server: Server,
}

#[derive(Deserialize)]
struct MadeServer {
    server: Made,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

impl Listed for Server {
    const NAME: &'static str = "servers";
    const PAGING: Paging = Paging::Links;

    fn marker(&self) -> &str {
        &self.id
    }
}

impl OpenStack {
    /// The microversion that servers are read with.
    async fn server_version(&self) -> CloudResult<u16> {
        let tells_pins = self.transport.nova_speaks(nova::PINNED_ZONE).await?;
        Ok(if tells_pins {
            nova::PINNED_ZONE
        } else {
            nova::BASE
        })
    }

    pub(super) async fn server(&self, uuid: &str, minor: u16) -> CloudResult<Server> {
        let call = Call::get(Api::Compute, &["servers", uuid])
            .version(minor)
            .about(INSTANCE, uuid);
        let found: OneServer = self.transport.ask(&call).await?;
        Ok(found.server)
    }
}

/// A command as Nova's action of a server.
fn action(command: InstanceCommand) -> Value {
    match command {
        InstanceCommand::Start => json!({"os-start": null}),
        InstanceCommand::Stop => json!({"os-stop": null}),
        InstanceCommand::SoftReboot => json!({"reboot": {"type": "SOFT"}}),
        InstanceCommand::HardReboot => json!({"reboot": {"type": "HARD"}}),
        InstanceCommand::Resume => json!({"resume": null}),
        InstanceCommand::Unpause => json!({"unpause": null}),
        InstanceCommand::ResetToActive => json!({"os-resetState": {"state": "active"}}),
        InstanceCommand::ResetToError => json!({"os-resetState": {"state": "error"}}),
    }
}

/// A new instance as Nova's request.
fn request(new: &NewInstance) -> Value {
    let mut server = json!({
        "name": new.name,
        "flavorRef": new.flavor_id,
        "metadata": new.metadata,
        "networks": match new.network_ids.as_slice() {
            [] => json!("none"),
            ids => ids.iter().map(|id| json!({"uuid": id})).collect(),
        },
    });
    let mut devices = Vec::new();
    if let Some(image) = &new.image_id {
        server["imageRef"] = json!(image);
        devices.push(json!({
            "boot_index": 0, "uuid": image, "source_type": "image",
            "destination_type": "local", "delete_on_termination": true,
        }));
    }
    for volume in &new.volumes {
        let boot_index = if devices.is_empty() { 0 } else { -1 };
        devices.push(json!({
            "boot_index": boot_index, "uuid": volume.id, "source_type": "volume",
            "destination_type": "volume",
            "delete_on_termination": volume.is_deleted_with_instance,
        }));
    }
    // An image alone needs no list, and its root disk is then what the flavor says.
    if !new.volumes.is_empty() {
        server["block_device_mapping_v2"] = devices.into();
    }
    if !new.security_groups.is_empty() {
        let named = new.security_groups.iter().map(|name| json!({"name": name}));
        server["security_groups"] = named.collect();
    }
    if let Some(key) = new.key.as_ref().filter(|key| key.is_own) {
        server["key_name"] = json!(key.name);
    }
    if let Some(zone) = &new.zone {
        server["availability_zone"] = json!(zone);
    }
    json!({ "server": server })
}

#[async_trait]
impl Instances for OpenStack {
    async fn list(&self, host: Option<&str>) -> CloudResult<Vec<Instance>> {
        let minor = self.server_version().await?;
        let build = || {
            let call = Call::get(Api::Compute, &["servers", "detail"])
                .version(minor)
                .with("all_tenants", "1");
            match host {
                Some(host) => call.with("host", host),
                None => call,
            }
        };
        let found = pages::all::<Server>(&self.transport, build);
        Ok(found.await?.into_iter().map(Into::into).collect())
    }

    async fn get(&self, uuid: &str) -> CloudResult<Instance> {
        let minor = self.server_version().await?;
        Ok(self.server(uuid, minor).await?.into())
    }

    async fn command(&self, uuid: &str, command: InstanceCommand) -> CloudResult<()> {
        self.act(uuid, nova::BASE, action(command)).await
    }

    async fn template(&self, uuid: &str) -> CloudResult<NewInstance> {
        super::template::of(self, uuid).await
    }

    async fn create(&self, new: &NewInstance) -> CloudResult<String> {
        let call = Call::send(Api::Compute, Method::POST, &["servers"], request(new))
            .version(nova::BASE)
            .in_project(&new.project_id)
            .about("Flavor, image, network or volume of", &new.name);
        let made: MadeServer = self
            .transport
            .tell(&call)
            .await?
            .json(Api::Compute.name())?;
        Ok(made.server.id)
    }

    async fn delete(&self, uuid: &str) -> CloudResult<()> {
        let call = Call::delete(Api::Compute, &["servers", uuid])
            .version(nova::BASE)
            .about(INSTANCE, uuid);
        self.transport.tell(&call).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use assay_domain::cloud::InstanceVolume;

    use super::*;

    #[test]
    fn a_root_is_the_image_or_the_first_volume() {
        let volume = |id: &str| InstanceVolume {
            id: id.to_owned(),
            is_deleted_with_instance: true,
        };
        let mut new = NewInstance {
            name: "copy".to_owned(),
            project_id: "p".to_owned(),
            flavor_id: "f".to_owned(),
            image_id: None,
            volumes: vec![volume("a"), volume("b")],
            network_ids: vec!["n".to_owned()],
            security_groups: Vec::new(),
            metadata: [].into(),
            key: None,
            zone: None,
        };
        let indexes = |new: &NewInstance| {
            let devices = request(new)["server"]["block_device_mapping_v2"].clone();
            let all = devices.as_array().into_iter().flatten();
            all.map(|device| device["boot_index"].as_i64().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(indexes(&new), [0, -1]);
        new.image_id = Some("i".to_owned());
        assert_eq!(indexes(&new), [0, -1, -1]);
        new.volumes.clear();
        assert!(indexes(&new).is_empty());
        assert_eq!(request(&new)["server"]["networks"], json!([{"uuid": "n"}]));
    }
}
