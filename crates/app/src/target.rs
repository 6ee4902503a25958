//! From a node's power controls to the targets that drivers connect to.

use assay_domain::power_control::device_type;
use assay_domain::{Error, NodePowerControl, OutputRef, PowerControl, Result, Target};

use crate::App;

/// One way to a machine's power: an output of a power control.
pub(crate) struct Feed {
    pub(crate) protocol: String,
    pub(crate) target: Target,
    /// What people call it.
    pub(crate) label: String,
    /// Whether the device has answered through it before.
    pub(crate) is_initialized: bool,
}

/// A node's default power control, ready to be reached, and the ways to the node's power.
pub(crate) struct NodeTarget {
    pub(crate) protocol: String,
    pub(crate) target: Target,
    pub(crate) assignment: NodePowerControl,
    /// What the node's power is switched and read through, the default one first. It is the default
    /// one alone when that speaks for the machine itself, as a BMC does. When it feeds the machine,
    /// as an outlet does, they are all the outputs that feed it: it has power while one has.
    pub(crate) feeds: Vec<Feed>,
}

/// The target of a node's default power control.
///
/// # Errors
/// [`Error::Invalid`] when the node has none.
pub(crate) async fn of_node(app: &App, node_id: i64) -> Result<NodeTarget> {
    let assignments = app.store().assignments_of_node(node_id).await?;
    let assignment = default_of(&assignments)
        .cloned()
        .ok_or_else(|| no_control(&format!("node {node_id}")))?;
    let control = app
        .power_controls()
        .by_id(assignment.power_control_id)
        .await?;
    let mut feeds = vec![feed(app, &control, &assignment)?];
    if is_feed(&control) {
        let others = assignments
            .iter()
            .filter(|other| other.power_control_id != control.id);
        for other in others {
            let control = app.power_controls().by_id(other.power_control_id).await?;
            if is_feed(&control) {
                feeds.push(feed(app, &control, other)?);
            }
        }
    }
    Ok(NodeTarget {
        protocol: control.protocol_type.clone(),
        target: of_control(app, &control, &assignment.port)?,
        assignment,
        feeds,
    })
}

/// The way to one output, whatever hangs on it.
///
/// # Errors
/// [`Error::NotFound`] when its power control is gone.
pub(crate) async fn of_output(app: &App, output: &OutputRef) -> Result<Feed> {
    let control = app.power_controls().by_id(output.power_control_id).await?;
    let assignments = app.store().assignments_of_controls(&[control.id]).await?;
    let assigned = assignments.iter().find(|one| one.port == output.port);
    Ok(Feed {
        protocol: control.protocol_type.clone(),
        target: of_control(app, &control, &output.port)?,
        label: label(&control, &output.port),
        is_initialized: assigned.is_none_or(|one| one.is_initialized),
    })
}

/// The assignment that speaks for a node, of all that it has.
pub(crate) fn default_of(assignments: &[NodePowerControl]) -> Option<&NodePowerControl> {
    assignments
        .iter()
        .find(|assignment| assignment.is_default)
        .or(assignments.first())
}

/// Whether an output of this power control gives a machine its mains.
pub(crate) fn is_feed(control: &PowerControl) -> bool {
    device_type(&control.control_type, &control.protocol_type).is_some_and(|known| known.feeds)
}

/// What is said of a node that cannot be switched.
pub(crate) fn no_control(node: &str) -> Error {
    Error::invalid(format!("{node} has no power control: assign one first"))
}

fn feed(app: &App, control: &PowerControl, assignment: &NodePowerControl) -> Result<Feed> {
    Ok(Feed {
        protocol: control.protocol_type.clone(),
        target: of_control(app, control, &assignment.port)?,
        label: label(control, &assignment.port),
        is_initialized: assignment.is_initialized,
    })
}

fn label(control: &PowerControl, port: &str) -> String {
    format!("{} output {port}", control.title)
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
