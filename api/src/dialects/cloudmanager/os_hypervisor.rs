//! What the cloud says of a node, as CloudManager shows it.

use std::collections::HashMap;

use assay_app::{App, NodeDetail, NodeHypervisor};
use assay_domain::cloud::Hypervisor;
use assay_domain::{Actor, Node};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::nodes::is_hypervisor;

/// A hypervisor as the cloud describes it; what the cloud does not say is null.
#[derive(Serialize, ToSchema)]
pub(super) struct OsHypervisor {
    /// Its processor: arch, model, vendor, features, topology.
    #[schema(value_type = Option<Object>)]
    cpu_info: Option<Value>,
    /// Instances that are being built, moved and the like.
    current_workload: Option<i64>,
    /// Disk that is left when images grow to their full size, in GiB.
    disk_available_least: Option<i64>,
    /// Disk that is left, in GiB.
    free_disk_gb: Option<i64>,
    /// Memory that is left, in MiB.
    free_ram_mb: Option<i64>,
    /// Its address.
    host_ip: Option<String>,
    /// Its name.
    hypervisor_hostname: String,
    /// Its kind.
    #[schema(example = "QEMU")]
    hypervisor_type: Option<String>,
    /// Its version as one number.
    #[schema(example = 8_002_000)]
    hypervisor_version: Option<i64>,
    /// Its id in the cloud.
    id: String,
    /// Disk, in GiB.
    local_gb: Option<i64>,
    /// Disk given to instances, in GiB.
    local_gb_used: Option<i64>,
    /// Memory, in MiB.
    memory_mb: Option<i64>,
    /// Memory given to instances and reserved, in MiB.
    memory_mb_used: Option<i64>,
    /// Instances on it.
    running_vms: Option<i64>,
    /// Its compute service.
    service: OsService,
    /// up or down.
    state: Option<String>,
    /// enabled or disabled.
    status: Option<String>,
    /// Threads of the processor.
    vcpus: Option<i64>,
    /// Virtual processors given to instances.
    vcpus_used: Option<i64>,
}

/// A hypervisor's compute service.
#[derive(Serialize, ToSchema)]
pub(super) struct OsService {
    /// Why it is disabled.
    disabled_reason: Option<String>,
    /// The name that the cloud knows the host by.
    host: String,
    /// Its id in the cloud.
    id: Option<String>,
}

impl From<Hypervisor> for OsHypervisor {
    fn from(known: Hypervisor) -> Self {
        Self {
            cpu_info: known.cpu_info,
            current_workload: known.current_workload,
            disk_available_least: known.disk_available_least,
            free_disk_gb: known.free_disk_gb,
            free_ram_mb: known.free_ram_mb,
            host_ip: known.host_ip,
            hypervisor_hostname: known.name,
            hypervisor_type: known.kind,
            hypervisor_version: known.version,
            id: known.id,
            local_gb: known.local_gb,
            local_gb_used: known.local_gb_used,
            memory_mb: known.memory_mb,
            memory_mb_used: known.memory_mb_used,
            running_vms: known.running_vms,
            service: OsService {
                disabled_reason: known.disabled_reason,
                host: known.host,
                id: known.service_id,
            },
            state: known.state,
            status: known.status,
            vcpus: known.vcpus,
            vcpus_used: known.vcpus_used,
        }
    }
}

/// What the cloud says of those of these nodes that are of class hypervisor, by key: nothing without a
/// cloud, and when it does not answer, so that nodes are shown all the same.
pub(super) async fn of_nodes(
    app: &App,
    actor: &Actor,
    details: &[NodeDetail],
) -> HashMap<i64, NodeHypervisor> {
    let nodes: Vec<Node> = details
        .iter()
        .filter(|detail| is_hypervisor(detail))
        .map(|detail| detail.node.clone())
        .collect();
    if nodes.is_empty() || app.cloud().is_err() {
        return HashMap::new();
    }
    match app.node_hypervisors(actor, &nodes).await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(%error, "nodes are shown without what the cloud says of them");
            HashMap::new()
        }
    }
}
