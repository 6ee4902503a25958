//! From a node's power control to the target that a driver connects to.

use assay_domain::{Error, NodePowerControl, PowerControl, Result, Target};

use crate::App;

/// A node's default power control, ready to be reached.
pub(crate) struct NodeTarget {
    pub(crate) protocol: String,
    pub(crate) target: Target,
    pub(crate) assignment: NodePowerControl,
}

/// The target of a node's default power control.
///
/// # Errors
/// [`Error::Invalid`] when the node has none.
pub(crate) async fn of_node(app: &App, node_id: i64) -> Result<NodeTarget> {
    let assignments = app.store().assignments_of_node(node_id).await?;
    let assignment = assignments
        .iter()
        .find(|assignment| assignment.is_default)
        .or(assignments.first())
        .cloned()
        .ok_or_else(|| {
            Error::invalid(format!(
                "node {node_id} has no power control: assign one first"
            ))
        })?;
    let control = app
        .store()
        .power_control(assignment.power_control_id)
        .await?
        .ok_or_else(|| Error::not_found("Power control", assignment.power_control_id))?;
    Ok(NodeTarget {
        protocol: control.protocol_type.clone(),
        target: of_control(app, &control, &assignment.port)?,
        assignment,
    })
}

/// The target of one output of a power control.
pub(crate) fn of_control(app: &App, control: &PowerControl, output: &str) -> Result<Target> {
    let trust =
        assay_drivers::tls::trust_from_settings(&control.settings).map_err(Error::Invalid)?;
    Ok(Target {
        power_control_id: control.id,
        control_type: control.control_type.clone(),
        host: control.host.clone(),
        port: u16::try_from(control.port_number)
            .map_err(|_| Error::invalid("port_number: not a port"))?,
        login: control.login.clone(),
        password: control.password.clone(),
        ssh_key: control.ssh_key.clone(),
        trust,
        output: output.to_owned(),
        settings: control.settings.clone(),
        request_timeout: app.settings().bmc_request_timeout,
    })
}
