//! Reads a cloud for the board on which moves are tried.

use assay_domain::Result;
use assay_moves::CloudView;

use crate::App;

/// All that the cloud says now.
pub(crate) async fn read(app: &App) -> Result<CloudView> {
    let cloud = app.cloud()?;
    let (hosts, instances) = (cloud.hosts(), cloud.instances());
    let (hosts, hypervisors, capacities, groups, instances) = futures::try_join!(
        hosts.hosts(),
        hosts.hypervisors(),
        hosts.capacities(None),
        hosts.server_groups(),
        instances.list(None),
    )?;
    Ok(CloudView {
        hosts,
        hypervisors,
        capacities,
        groups,
        instances,
    })
}
