//! A server as Nova writes it.

use assay_domain::Timestamp;
use assay_domain::cloud::{Instance, InstancePower, InstanceVolume};
use serde::Deserialize;
use serde_json::Value;

use super::time;

/// A server. One whose cell is away has hardly more than an id (microversion 2.69 on).
#[derive(Deserialize)]
pub(super) struct Server {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) tenant_id: String,
    status: Option<String>,
    #[serde(rename = "OS-EXT-SRV-ATTR:host")]
    host: Option<String>,
    #[serde(rename = "OS-EXT-STS:task_state")]
    task_state: Option<String>,
    #[serde(rename = "OS-EXT-STS:power_state")]
    power_state: Option<i64>,
    /// Its sizes (2.47 on), or its id.
    #[serde(default)]
    pub(super) flavor: Flavor,
    /// An object; the empty text for a server whose root is a volume.
    pub(super) image: Option<Value>,
    #[serde(rename = "os-extended-volumes:volumes_attached", default)]
    pub(super) volumes: Vec<Attached>,
    #[serde(rename = "OS-EXT-AZ:availability_zone")]
    pub(super) zone: Option<String>,
    pinned_availability_zone: Option<String>,
    #[serde(default)]
    locked: bool,
    fault: Option<Fault>,
    #[serde(default, deserialize_with = "time")]
    updated: Option<Timestamp>,
}

/// A flavor; before 2.47 its id alone, after that its sizes alone.
#[derive(Default, Deserialize)]
pub(super) struct Flavor {
    pub(super) id: Option<String>,
    #[serde(default)]
    vcpus: u64,
    /// MiB.
    #[serde(default)]
    ram: u64,
    /// GiB.
    #[serde(default)]
    disk: u64,
    /// GiB.
    #[serde(default)]
    ephemeral: u64,
    /// MiB.
    #[serde(default)]
    swap: u64,
}

#[derive(Deserialize)]
pub(super) struct Attached {
    pub(super) id: String,
    #[serde(default)]
    pub(super) delete_on_termination: bool,
}

#[derive(Deserialize)]
struct Fault {
    message: Option<String>,
}

impl Server {
    /// The id of its image; none when its root is a volume.
    pub(super) fn image_id(&self) -> Option<&str> {
        self.image.as_ref()?.get("id")?.as_str()
    }
}

impl From<Server> for Instance {
    fn from(server: Server) -> Self {
        let flavor = &server.flavor;
        let disk_gb = flavor.disk + flavor.ephemeral + flavor.swap.div_ceil(1024);
        let is_volume_backed = server.image.is_some() && server.image_id().is_none();
        let volumes = server.volumes.into_iter().map(|volume| InstanceVolume {
            id: volume.id,
            is_deleted_with_instance: volume.delete_on_termination,
        });
        let present = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            uuid: server.id,
            name: server.name,
            host: present(server.host),
            status: server.status.unwrap_or_else(|| "UNKNOWN".to_owned()).into(),
            task_state: present(server.task_state),
            power_state: InstancePower::of(server.power_state.unwrap_or_default()),
            vcpus: flavor.vcpus,
            memory_mb: flavor.ram,
            disk_gb,
            project_id: server.tenant_id,
            volumes: volumes.collect(),
            is_volume_backed,
            zone: present(server.zone),
            pinned_zone: present(server.pinned_availability_zone),
            is_locked: server.locked,
            fault: server.fault.and_then(|fault| fault.message),
            updated_at: server.updated,
        }
    }
}
