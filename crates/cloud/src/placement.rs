//! Placement: what hypervisors can hold, and what is given away of it.

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::cloud::{Capacity, CloudError, CloudResult};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;

use crate::api::{Api, PLACEMENT_NESTED};
use crate::call::Call;
use crate::transport::Transport;

/// How many hypervisors are asked about at a time.
const AT_A_TIME: usize = 8;

#[derive(Deserialize)]
struct Providers {
    resource_providers: Vec<Provider>,
}

#[derive(Deserialize)]
struct Provider {
    uuid: String,
    name: String,
    root_provider_uuid: Option<String>,
}

#[derive(Deserialize)]
struct Inventories {
    inventories: BTreeMap<String, Inventory>,
}

#[derive(Deserialize)]
struct Inventory {
    total: u64,
    #[serde(default)]
    reserved: u64,
    allocation_ratio: f64,
}

#[derive(Deserialize)]
struct Usages {
    usages: BTreeMap<String, u64>,
}

/// The capacities of hypervisors of these names, or of all.
pub(crate) async fn capacities(
    transport: &Transport,
    names: Option<&[String]>,
) -> CloudResult<Vec<Capacity>> {
    let call = Call::get(Api::Placement, &["resource_providers"]).version(PLACEMENT_NESTED);
    let found: Providers = transport.ask(&call).await?;
    let wanted = names.map(|names| names.iter().collect::<BTreeSet<_>>());
    let is_wanted = |provider: &Provider| {
        let is_root = provider
            .root_provider_uuid
            .as_ref()
            .is_none_or(|root| *root == provider.uuid);
        is_root
            && wanted
                .as_ref()
                .is_none_or(|names| names.contains(&provider.name))
    };
    let providers: Vec<Provider> = found
        .resource_providers
        .into_iter()
        .filter(is_wanted)
        .collect();
    let asked: Vec<_> = providers
        .iter()
        .map(|provider| capacity(transport, provider))
        .collect();
    let answers = stream::iter(asked).buffered(AT_A_TIME);
    let found: Vec<Option<Capacity>> = answers.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// What one provider can hold; none when it is no hypervisor, or has gone meanwhile.
async fn capacity(transport: &Transport, provider: &Provider) -> CloudResult<Option<Capacity>> {
    let call = |of: &'static str| {
        Call::get(Api::Placement, &["resource_providers", &provider.uuid, of])
            .version(PLACEMENT_NESTED)
    };
    let read = async {
        let inventories: Inventories = transport.ask(&call("inventories")).await?;
        let usages: Usages = transport.ask(&call("usages")).await?;
        Ok::<_, CloudError>((inventories.inventories, usages.usages))
    };
    let (inventories, usages) = match read.await {
        Ok(told) => told,
        Err(CloudError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (Some(vcpus), Some(memory)) = (inventories.get("VCPU"), inventories.get("MEMORY_MB"))
    else {
        return Ok(None);
    };
    let disk = inventories.get("DISK_GB");
    let used = |class: &str| usages.get(class).copied().unwrap_or_default();
    let room = |inventory: &Inventory| inventory.total.saturating_sub(inventory.reserved);
    Ok(Some(Capacity {
        hypervisor: provider.name.clone(),
        vcpus: room(vcpus),
        vcpus_used: used("VCPU"),
        cpu_allocation_ratio: vcpus.allocation_ratio,
        memory_mb: room(memory),
        memory_mb_used: used("MEMORY_MB"),
        ram_allocation_ratio: memory.allocation_ratio,
        disk_gb: disk.map(room),
        disk_gb_used: used("DISK_GB"),
        disk_allocation_ratio: disk.map_or(1.0, |disk| disk.allocation_ratio),
    }))
}
