//! Moves an instance to the first host, by name, that has room for it and may have it.

use std::collections::BTreeSet;

use assay_domain::cloud::{
    Capacity, CloudError, ComputeHost, GroupPolicy, Hypervisor, Instance, InstanceStatus,
};
use assay_domain::{Error, Result};

use super::job::Job;
use super::steps::Step;

/// How many hosts are tried; the scheduler knows more than the numbers, and may refuse one.
const MOST_TRIES: usize = 5;

/// Moves the instance away from where it was when somebody asked.
///
/// # Errors
/// [`Error::Conflict`] when it does not run, or no host takes it.
pub(super) async fn run(job: &Job<'_>, from: Option<String>) -> Result<Instance> {
    let mut instance = job.at_rest().await?;
    if instance.host != from {
        return Ok(instance);
    }
    check_movable(&instance)?;
    let candidates = candidates(job, &instance).await?;
    for host in candidates.iter().take(MOST_TRIES) {
        let step = format!("live migration to {host}");
        // One that was asked for before this worker took over has ended without a move.
        if job.step(&step).await? != Step::Open {
            continue;
        }
        job.intend(&step).await?;
        let moves = job.cloud.moves();
        match moves.live_migrate(&instance.uuid, Some(host)).await {
            Ok(()) => job.accepted(&step).await?,
            Err(error @ CloudError::OutcomeUnknown { .. }) => job.say(&error.to_string()).await?,
            Err(error) => {
                job.not_done(&step, &error.to_string()).await?;
                if !is_of_the_host(&error) {
                    return Err(error.into());
                }
                continue;
            }
        }
        instance = job.at_rest().await?;
        if instance.host != from {
            return Ok(instance);
        }
        check_movable(&instance)?;
        let still = from.as_deref().unwrap_or("no host");
        job.say(&format!("the instance is still on {still}"))
            .await?;
    }
    Err(Error::conflict(format!(
        "no host takes instance {}: {} of {} hosts with room for it were tried",
        job.uuid,
        candidates.len().min(MOST_TRIES),
        candidates.len()
    )))
}

/// Whether another host may do better.
fn is_of_the_host(error: &CloudError) -> bool {
    matches!(
        error,
        CloudError::NoValidHost(_) | CloudError::Refused(_) | CloudError::NotFound { .. }
    )
}

fn check_movable(instance: &Instance) -> Result<()> {
    if matches!(
        instance.status,
        InstanceStatus::Active | InstanceStatus::Paused
    ) {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "instance {} is {}: only one that runs can be moved while it runs",
        instance.uuid, instance.status
    )))
}

/// The hosts that have room for an instance and may have it, by name.
async fn candidates(job: &Job<'_>, instance: &Instance) -> Result<Vec<String>> {
    let hosts = job.cloud.hosts();
    let services = hosts.hosts().await?;
    let hypervisors = hosts.hypervisors().await?;
    let forbidden = forbidden(job, instance).await?;
    let open = |service: &&ComputeHost| {
        service.is_enabled
            && service.is_up
            && !service.is_forced_down
            && Some(&service.name) != instance.host.as_ref()
            && (instance.zone.is_none() || service.zone == instance.zone)
            && !forbidden.contains(&service.name)
    };
    let open: BTreeSet<&String> = services
        .iter()
        .filter(open)
        .map(|host| &host.name)
        .collect();
    let on_open = |known: &&Hypervisor| open.contains(&known.host);
    let names: Vec<String> = hypervisors
        .iter()
        .filter(on_open)
        .map(|known| known.name.clone())
        .collect();
    let capacities = hosts.capacities(Some(&names)).await?;
    // The root of such an instance moves with it without a copy.
    let disk = if instance.is_volume_backed {
        0
    } else {
        instance.disk_gb
    };
    let fits = |room: &&Capacity| room.fits(instance.vcpus, instance.memory_mb, disk);
    let roomy: BTreeSet<&String> = capacities
        .iter()
        .filter(fits)
        .map(|room| &room.hypervisor)
        .collect();
    let mut found: Vec<String> = hypervisors
        .iter()
        .filter(|known| on_open(known) && roomy.contains(&known.name))
        .map(|known| known.host.clone())
        .collect();
    found.sort();
    Ok(found)
}

/// Hosts that an instance may not be on because of its server groups.
///
/// # Errors
/// [`Error::Conflict`] when it may not leave its host.
async fn forbidden(job: &Job<'_>, instance: &Instance) -> Result<BTreeSet<String>> {
    let groups = job.cloud.hosts().server_groups().await?;
    let mut hosts = BTreeSet::new();
    for group in groups
        .iter()
        .filter(|group| group.members.contains(&instance.uuid))
    {
        let others = group.members.iter().filter(|uuid| **uuid != instance.uuid);
        match group.policy {
            GroupPolicy::Affinity if group.members.len() > 1 => {
                return Err(Error::conflict(format!(
                    "instance {} belongs with the others of server group {}, which share a host",
                    instance.uuid, group.name
                )));
            }
            GroupPolicy::AntiAffinity if group.max_per_host.unwrap_or(1) == 1 => {
                for uuid in others {
                    match job.cloud.instances().get(uuid).await {
                        Ok(other) => hosts.extend(other.host),
                        // Members that are gone are listed for a while.
                        Err(CloudError::NotFound { .. }) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            _ => {}
        }
    }
    Ok(hosts)
}
