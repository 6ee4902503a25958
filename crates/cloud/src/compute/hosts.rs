//! Nova's services, hypervisors, aggregates and server groups.

use assay_domain::cloud::{
    Aggregate, Capacity, CloudResult, ComputeHost, ComputeHosts, GroupPolicy, Hypervisor,
    ServerGroup, ServiceChange,
};
use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Api, nova};
use crate::call::Call;
use crate::openstack::OpenStack;
use crate::pages::{self, Listed, Paging};
use crate::placement;

/// The longest reason that Nova takes, in characters.
const LONGEST_REASON: usize = 255;

#[derive(Deserialize)]
struct Services {
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    id: String,
    host: String,
    status: String,
    state: String,
    disabled_reason: Option<String>,
    #[serde(default)]
    forced_down: bool,
    zone: Option<String>,
}

impl From<Service> for ComputeHost {
    fn from(service: Service) -> Self {
        Self {
            name: service.host,
            service_id: service.id,
            is_enabled: service.status == "enabled",
            disabled_reason: service.disabled_reason,
            is_up: service.state == "up",
            is_forced_down: service.forced_down,
            zone: service.zone,
        }
    }
}

#[derive(Deserialize)]
struct HypervisorWire {
    id: String,
    hypervisor_hostname: String,
    service: Option<ServiceOfHypervisor>,
    host_ip: Option<String>,
    hypervisor_type: Option<String>,
    hypervisor_version: Option<i64>,
    state: Option<String>,
    status: Option<String>,
    cpu_info: Option<Value>,
    vcpus: Option<i64>,
    vcpus_used: Option<i64>,
    memory_mb: Option<i64>,
    memory_mb_used: Option<i64>,
    free_ram_mb: Option<i64>,
    local_gb: Option<i64>,
    local_gb_used: Option<i64>,
    free_disk_gb: Option<i64>,
    disk_available_least: Option<i64>,
    running_vms: Option<i64>,
    current_workload: Option<i64>,
}

#[derive(Deserialize)]
struct ServiceOfHypervisor {
    host: String,
    id: Option<String>,
    disabled_reason: Option<String>,
}

impl Listed for HypervisorWire {
    const NAME: &'static str = "hypervisors";
    const PAGING: Paging = Paging::Links;

    fn marker(&self) -> &str {
        &self.id
    }
}

impl From<HypervisorWire> for Hypervisor {
    fn from(wire: HypervisorWire) -> Self {
        let (host, service_id, disabled_reason) = match wire.service {
            Some(service) => (service.host, service.id, service.disabled_reason),
            None => (wire.hypervisor_hostname.clone(), None, None),
        };
        Self {
            id: wire.id,
            name: wire.hypervisor_hostname,
            host,
            service_id,
            disabled_reason,
            host_ip: wire.host_ip,
            kind: wire.hypervisor_type,
            version: wire.hypervisor_version,
            state: wire.state,
            status: wire.status,
            cpu_info: wire.cpu_info.filter(Value::is_object),
            vcpus: wire.vcpus,
            vcpus_used: wire.vcpus_used,
            memory_mb: wire.memory_mb,
            memory_mb_used: wire.memory_mb_used,
            free_ram_mb: wire.free_ram_mb,
            local_gb: wire.local_gb,
            local_gb_used: wire.local_gb_used,
            free_disk_gb: wire.free_disk_gb,
            disk_available_least: wire.disk_available_least,
            running_vms: wire.running_vms,
            current_workload: wire.current_workload,
        }
    }
}

#[derive(Deserialize)]
struct Aggregates {
    aggregates: Vec<AggregateWire>,
}

#[derive(Deserialize)]
struct AggregateWire {
    id: i64,
    uuid: Option<String>,
    name: String,
    availability_zone: Option<String>,
    #[serde(default)]
    hosts: Vec<String>,
}

impl From<AggregateWire> for Aggregate {
    fn from(wire: AggregateWire) -> Self {
        Self {
            id: wire.id,
            uuid: wire.uuid,
            name: wire.name,
            zone: wire.availability_zone,
            hosts: wire.hosts,
        }
    }
}

#[derive(Deserialize)]
struct GroupWire {
    id: String,
    name: String,
    /// From 2.64 on.
    policy: Option<String>,
    #[serde(default)]
    rules: Rules,
    /// Before.
    #[serde(default)]
    policies: Vec<String>,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Rules {
    max_server_per_host: Option<u32>,
}

impl Listed for GroupWire {
    const NAME: &'static str = "server_groups";
    const PAGING: Paging = Paging::Offset;

    fn marker(&self) -> &str {
        &self.id
    }
}

impl From<GroupWire> for ServerGroup {
    fn from(wire: GroupWire) -> Self {
        let policy = wire.policy.or_else(|| wire.policies.into_iter().next());
        Self {
            id: wire.id,
            name: wire.name,
            policy: GroupPolicy::from(policy.unwrap_or_default()),
            max_per_host: wire.rules.max_server_per_host,
            members: wire.members,
        }
    }
}

#[async_trait]
impl ComputeHosts for OpenStack {
    async fn hosts(&self) -> CloudResult<Vec<ComputeHost>> {
        let call = Call::get(Api::Compute, &["os-services"])
            .version(nova::BASE)
            .with("binary", "nova-compute");
        let found: Services = self.transport.ask(&call).await?;
        Ok(found.services.into_iter().map(Into::into).collect())
    }

    async fn change(&self, service_id: &str, change: &ServiceChange) -> CloudResult<()> {
        let body = match change {
            ServiceChange::Enable => json!({"status": "enabled"}),
            ServiceChange::Disable { reason } => {
                let reason: String = reason.chars().take(LONGEST_REASON).collect();
                json!({"status": "disabled", "disabled_reason": reason})
            }
            ServiceChange::ForceDown(is_down) => json!({ "forced_down": is_down }),
        };
        let path = ["os-services", service_id];
        let call = Call::send(Api::Compute, Method::PUT, &path, body)
            .version(nova::BASE)
            .about("Compute service", service_id);
        self.transport.tell(&call).await.map(drop)
    }

    async fn hypervisors(&self) -> CloudResult<Vec<Hypervisor>> {
        // What is used of a hypervisor is told up to one microversion, and not by later ones.
        let with_use = self.transport.nova_speaks(nova::HYPERVISOR_USE).await?;
        let minor = if with_use {
            nova::HYPERVISOR_USE
        } else {
            nova::BASE
        };
        let build = || Call::get(Api::Compute, &["os-hypervisors", "detail"]).version(minor);
        let found = pages::all::<HypervisorWire>(&self.transport, build);
        Ok(found.await?.into_iter().map(Into::into).collect())
    }

    async fn capacities(&self, names: Option<&[String]>) -> CloudResult<Vec<Capacity>> {
        placement::capacities(&self.transport, names).await
    }

    async fn aggregates(&self) -> CloudResult<Vec<Aggregate>> {
        let call = Call::get(Api::Compute, &["os-aggregates"]).version(nova::BASE);
        let found: Aggregates = self.transport.ask(&call).await?;
        Ok(found.aggregates.into_iter().map(Into::into).collect())
    }

    async fn server_groups(&self) -> CloudResult<Vec<ServerGroup>> {
        let with_rules = self.transport.nova_speaks(nova::GROUP_RULES).await?;
        let minor = if with_rules {
            nova::GROUP_RULES
        } else {
            nova::BASE
        };
        let build = || {
            Call::get(Api::Compute, &["os-server-groups"])
                .version(minor)
                .with("all_projects", "True")
        };
        let found = pages::all::<GroupWire>(&self.transport, build);
        Ok(found.await?.into_iter().map(Into::into).collect())
    }
}
