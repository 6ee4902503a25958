//! Use cases of power controls and of their assignment to nodes.

use std::collections::HashMap;

use assay_domain::gate::GateRecord;
use assay_domain::power_control::{
    DEVICE_TYPES, PowerControlField, PowerControlPatch, device_type,
};
use assay_domain::{
    Actor, Error, Filter, NodePowerControl, OutputRef, Page, PowerCommand, PowerControl, Result,
    Role,
};

use crate::{App, NodeDetail, Protection};

/// A power control with the nodes that hang on it.
#[derive(Clone)]
pub struct PowerControlDetail {
    /// The record.
    pub control: PowerControl,
    /// Which of its outputs feed which node.
    pub assignments: Vec<NodePowerControl>,
    /// How many outputs it has.
    pub coils: i32,
}

/// Power controls.
pub struct PowerControls<'a> {
    app: &'a App,
}

impl<'a> PowerControls<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Records a power control.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown kind, a bad address or bad settings.
    pub async fn create(
        &self,
        actor: &Actor,
        mut control: PowerControl,
    ) -> Result<PowerControlDetail> {
        actor.require(Role::Operator)?;
        self.check(&control)?;
        if control.title.is_empty() {
            control.title = default_title(&control);
        }
        control.time_created = self.app.clock().now();
        let control = self.app.store().create_power_control(control).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, power_control = control.id, "power control created");
        self.detail_one(control).await
    }

    /// Changes a power control. New credentials open its gate again.
    pub async fn update(
        &self,
        actor: &Actor,
        id: i64,
        patch: PowerControlPatch,
    ) -> Result<PowerControlDetail> {
        actor.require(Role::Operator)?;
        let wanted = patched(self.by_id(id).await?, &patch);
        self.check(&wanted)?;
        for assignment in self.app.store().assignments_of_control(id).await? {
            self.check_coil(&wanted, &assignment.port)?;
        }
        let control = self
            .app
            .store()
            .update_power_control(id, patch, self.app.clock().now())
            .await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, power_control = id, "power control changed");
        self.detail_one(control).await
    }

    /// Deletes a power control that feeds no node.
    pub async fn delete(&self, actor: &Actor, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.app.store().delete_power_control(id).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, power_control = id, "power control deleted");
        Ok(())
    }

    /// One power control.
    pub async fn get(&self, actor: &Actor, id: i64) -> Result<PowerControlDetail> {
        actor.require(Role::Observer)?;
        let control = self.by_id(id).await?;
        self.detail_one(control).await
    }

    /// Who is at a power control's device, and whether it may be asked.
    pub async fn gate(&self, actor: &Actor, id: i64) -> Result<GateRecord> {
        actor.require(Role::Observer)?;
        self.app.store().gate(id).await
    }

    /// A page of the power controls that pass all filters, in the order of their keys.
    pub async fn list(
        &self,
        actor: &Actor,
        filters: Vec<Filter<PowerControlField>>,
        page: Page,
    ) -> Result<Vec<PowerControlDetail>> {
        actor.require(Role::Observer)?;
        let controls = self.app.store().list_power_controls(filters, page).await?;
        self.detail(controls).await
    }

    /// How many power controls pass all filters.
    pub async fn count(
        &self,
        actor: &Actor,
        filters: Vec<Filter<PowerControlField>>,
    ) -> Result<i64> {
        actor.require(Role::Observer)?;
        self.app.store().count_power_controls(filters).await
    }

    /// The nodes that a power control feeds.
    pub async fn nodes_of(&self, actor: &Actor, id: i64) -> Result<Vec<NodeDetail>> {
        actor.require(Role::Observer)?;
        self.by_id(id).await?;
        let mut nodes = Vec::new();
        for assignment in self.app.store().assignments_of_control(id).await? {
            nodes.push(self.app.nodes().by_id(assignment.node_id).await?);
        }
        nodes.sort_by_key(|node| node.id);
        nodes.dedup_by_key(|node| node.id);
        self.app.nodes().detail(nodes).await
    }

    /// Switches one output, whatever hangs on it, or nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an output that the device does not have; [`Error::Conflict`] for one
    /// that feeds a protected node.
    pub async fn coil_power(
        &self,
        actor: &Actor,
        id: i64,
        coil: &str,
        command: PowerCommand,
        protection: Protection,
    ) -> Result<()> {
        actor.require(Role::Operator)?;
        let detail = self.get(actor, id).await?;
        self.check_coil(&detail.control, coil)?;
        let assigned = detail.assignments.iter().find(|one| one.port == coil);
        let output = OutputRef {
            power_control_id: id,
            port: coil.to_owned(),
        };
        let node = assigned.map(|assignment| assignment.node_id);
        let power = self.app.power();
        power
            .command_output(actor, output, node, command, protection)
            .await
    }

    /// The power controls that feed a node.
    pub async fn assignments(
        &self,
        actor: &Actor,
        node_id: i64,
    ) -> Result<Vec<(NodePowerControl, PowerControl)>> {
        Ok(self.app.nodes().get(actor, node_id).await?.controls)
    }

    /// One power control of a node.
    pub async fn assignment(
        &self,
        actor: &Actor,
        node_id: i64,
        control_id: i64,
    ) -> Result<(NodePowerControl, PowerControl)> {
        self.assignments(actor, node_id)
            .await?
            .into_iter()
            .find(|(assignment, _)| assignment.power_control_id == control_id)
            .ok_or_else(|| Error::not_found("Power control of the node", control_id))
    }

    /// Lets an output of a power control feed a node.
    pub async fn assign(
        &self,
        actor: &Actor,
        node_id: i64,
        control_id: i64,
        port: &str,
        is_default: bool,
    ) -> Result<(NodePowerControl, PowerControl)> {
        actor.require(Role::Operator)?;
        self.app.nodes().by_id(node_id).await?;
        self.check_coil(&self.by_id(control_id).await?, port)?;
        self.app
            .store()
            .assign_power_control(node_id, control_id, port, is_default)
            .await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node_id, power_control = control_id, "power control assigned");
        self.assignment(actor, node_id, control_id).await
    }

    /// Changes which output feeds a node, or whether it is the node's default.
    pub async fn update_assignment(
        &self,
        actor: &Actor,
        node_id: i64,
        control_id: i64,
        port: Option<String>,
        is_default: Option<bool>,
    ) -> Result<(NodePowerControl, PowerControl)> {
        actor.require(Role::Operator)?;
        let (_, control) = self.assignment(actor, node_id, control_id).await?;
        if let Some(port) = &port {
            self.check_coil(&control, port)?;
        }
        self.app
            .store()
            .update_assignment(node_id, control_id, port, is_default)
            .await?;
        self.assignment(actor, node_id, control_id).await
    }

    /// Frees the output that feeds a node.
    pub async fn unassign(&self, actor: &Actor, node_id: i64, control_id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.app.nodes().by_id(node_id).await?;
        if !self.app.store().unassign(node_id, control_id).await? {
            return Err(Error::not_found("Power control of the node", control_id));
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node_id, power_control = control_id, "power control unassigned");
        Ok(())
    }

    pub(crate) fn app(&self) -> &'a App {
        self.app
    }

    pub(crate) async fn by_id(&self, id: i64) -> Result<PowerControl> {
        self.app
            .store()
            .power_control(id)
            .await?
            .ok_or_else(|| Error::not_found("Power control", id))
    }

    async fn detail(&self, controls: Vec<PowerControl>) -> Result<Vec<PowerControlDetail>> {
        let ids: Vec<i64> = controls.iter().map(|control| control.id).collect();
        let mut by_control: HashMap<i64, Vec<NodePowerControl>> = HashMap::new();
        for assignment in self.app.store().assignments_of_controls(&ids).await? {
            by_control
                .entry(assignment.power_control_id)
                .or_default()
                .push(assignment);
        }
        Ok(controls
            .into_iter()
            .map(|control| PowerControlDetail {
                assignments: by_control.remove(&control.id).unwrap_or_default(),
                coils: self.coils(&control),
                control,
            })
            .collect())
    }

    /// Checks a power control; what its settings may be is the driver's affair.
    fn check(&self, control: &PowerControl) -> Result<()> {
        check_address(control)?;
        let drivers = self.app.gate().drivers();
        let driver = drivers
            .require(&control.protocol_type)
            .map_err(|reason| Error::invalid(format!("protocol_type: {reason}")))?;
        driver
            .check_settings(&control.control_type, &control.settings)
            .map_err(|reason| Error::invalid(format!("settings: {reason}")))
    }

    /// How many outputs a power control has: as its settings say, or as its kind has.
    fn coils(&self, control: &PowerControl) -> i32 {
        let driver = self.app.gate().drivers().get(&control.protocol_type);
        driver
            .and_then(|driver| driver.outputs(&control.control_type, &control.settings))
            .or_else(|| {
                let known = device_type(&control.control_type, &control.protocol_type)?;
                Some(known.coils)
            })
            .unwrap_or(1)
    }

    fn check_coil(&self, control: &PowerControl, coil: &str) -> Result<()> {
        let coils = self.coils(control);
        match coil.parse::<i32>() {
            Ok(number) if (1..=coils).contains(&number) && number.to_string() == coil => Ok(()),
            _ => Err(Error::invalid(format!(
                "power_control_port: '{coil}' is not one of the outputs 1 to {coils} of {}",
                control.title
            ))),
        }
    }

    async fn detail_one(&self, control: PowerControl) -> Result<PowerControlDetail> {
        let mut details = self.detail(vec![control]).await?;
        details
            .pop()
            .ok_or_else(|| Error::internal("a power control lost its detail"))
    }
}

fn default_title(control: &PowerControl) -> String {
    format!(
        "{}://{}@{}:{}",
        control.protocol_type, control.control_type, control.host, control.port_number
    )
}

fn patched(mut control: PowerControl, patch: &PowerControlPatch) -> PowerControl {
    let text = |new: &Option<String>, old: &mut String| {
        if let Some(new) = new {
            old.clone_from(new);
        }
    };
    text(&patch.control_type, &mut control.control_type);
    text(&patch.protocol_type, &mut control.protocol_type);
    text(&patch.host, &mut control.host);
    control.port_number = patch.port_number.unwrap_or(control.port_number);
    if let Some(key) = &patch.ssh_key {
        control.ssh_key.clone_from(key);
    }
    if let Some(settings) = &patch.settings {
        control.settings.clone_from(settings);
    }
    control
}

/// Checks what is the same for every driver.
fn check_address(control: &PowerControl) -> Result<()> {
    if device_type(&control.control_type, &control.protocol_type).is_none() {
        let known: Vec<String> = DEVICE_TYPES
            .iter()
            .map(|known| format!("{}/{}", known.control_type, known.protocol_type))
            .collect();
        return Err(Error::invalid(format!(
            "control_type and protocol_type: {}/{} is not one of {}",
            control.control_type,
            control.protocol_type,
            known.join(", ")
        )));
    }
    let host_is_fine = !control.host.is_empty()
        && control.host.len() <= 255
        && control
            .host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".:-_".contains(&byte));
    if !host_is_fine {
        return Err(Error::invalid(format!(
            "host: '{}' is neither a host name nor an address",
            control.host
        )));
    }
    if !(1..=65535).contains(&control.port_number) {
        return Err(Error::invalid(format!(
            "port_number: {} is not within 1 to 65535",
            control.port_number
        )));
    }
    if control.ssh_key.is_some() && control.control_type != "SshDevice" {
        return Err(Error::invalid("ssh_key: only an SshDevice has one"));
    }
    Ok(())
}
