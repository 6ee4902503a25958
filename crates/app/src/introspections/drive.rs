//! A worker's part of an introspection that touches the machine: on its way, and back.

use assay_domain::capability::{BootDevice, BootOverride};
use assay_domain::{
    About, Cause, DriverError, Error, Event, Introspection, IntrospectionState, NodePatch, Phase,
    PowerCommand, Result, Task,
};
use assay_drivers::Repeat;
use assay_store::Change;
use serde_json::{Value, json};

use super::{CANCELED, Introspections};
use crate::lookup;
use crate::node_guard::NodeGuard;
use crate::target::{self, NodeTarget};
use crate::work::{Outcome, error_text, payload_id};

const FROM_NETWORK_ONCE: BootOverride = BootOverride {
    device: Some(BootDevice::Network),
    persistent: false,
    mode: None,
};

const NO_BOOT_OVERRIDE: &str = "no boot override was set: the device has none, so the machine is \
     expected to boot from the network by itself";

impl Introspections<'_> {
    /// Makes the machine boot the ramdisk: off, boot override, on. Safe to run again.
    pub async fn run_start(&self, task: &Task) -> Result<Outcome> {
        let id = payload_id(task, "introspection_id")?;
        let introspection = self.by_id(id).await?;
        let phases = self.app.store().phases(id).await?;
        let on_its_way = phases.iter().any(|stamp| stamp.phase == Phase::Power);
        let startable = match introspection.state {
            IntrospectionState::Starting => true,
            IntrospectionState::Waiting => !on_its_way,
            _ => false,
        };
        if !startable {
            return Ok(Outcome::Done(
                json!({"skipped": introspection.state.as_str()}),
            ));
        }
        let result = self.hold_and_boot(task, &introspection).await;
        match result {
            Ok(()) => Ok(Outcome::Done(json!({"state": "waiting"}))),
            Err(error) if error.is_passing() => Err(error),
            Err(error) => {
                let text = self.boot_failure(&introspection, &error).await;
                self.fail_unless_ended(&introspection, &text).await?;
                Err(error)
            }
        }
    }

    /// The error text of a machine that could not be booted, with its cause.
    async fn boot_failure(&self, introspection: &Introspection, error: &Error) -> String {
        if let Error::Device(error) = error {
            self.app.evidence().device(introspection.id, error);
        }
        let cause = self.app.diagnoses().last_word(introspection).await;
        let cause = cause.map_or(String::new(), |finding| {
            format!(" [{}]", finding.cause.as_str())
        });
        format!(
            "Failed to boot the node for introspection: {}{cause}",
            error_text(error)
        )
    }

    async fn hold_and_boot(&self, task: &Task, introspection: &Introspection) -> Result<()> {
        let node_id = introspection.node_id;
        let guard = NodeGuard::take(self.app, node_id, task, "introspection").await?;
        let result = self.boot_ramdisk(task, introspection).await;
        guard.release().await?;
        result
    }

    async fn boot_ramdisk(&self, task: &Task, introspection: &Introspection) -> Result<()> {
        let node = target::of_node(self.app, introspection.node_id).await?;
        let tasks = self.app.tasks();
        if introspection.state == IntrospectionState::Starting {
            tasks.message(task, "switching the machine off").await?;
            self.app
                .power()
                .change(task, &node, PowerCommand::Off)
                .await?;
            self.learn_identity(task, &node).await?;
            self.set_boot(task, introspection, &node).await?;
            self.app.diagnoses().mark_console(introspection).await?;
            // The state comes before the power: a fast machine asks for its script at once.
            let now = self.app.clock().now();
            self.app
                .store()
                .apply_event(introspection.id, Event::Wait, Change::default(), now)
                .await?;
        }
        self.admit(introspection).await?;
        tasks.message(task, "switching the machine on").await?;
        self.app
            .power()
            .change(task, &node, PowerCommand::On)
            .await?;
        let now = self.app.clock().now();
        self.app
            .store()
            .stamp_phase(introspection.id, Phase::Power, now)
            .await?;
        tasks
            .message(task, "the machine is on; waiting for its report")
            .await
    }

    /// Sets the boot override and looks whether the BMC shows it: some accept it and forget it. With a
    /// device that has none, as PDUs and relays, the machine has to boot from the network by itself.
    async fn set_boot(
        &self,
        task: &Task,
        introspection: &Introspection,
        node: &NodeTarget,
    ) -> Result<()> {
        let tasks = self.app.tasks();
        tasks
            .message(task, "setting the boot override to the network, once")
            .await?;
        let set = self
            .app
            .gate()
            .set_boot_and_look(&node.target, &node.protocol, FROM_NETWORK_ONCE)
            .await;
        if is_unsupported(&set) && !self.has_boot_override(node).await? {
            return tasks.message(task, NO_BOOT_OVERRIDE).await;
        }
        let shown = set?;
        if shown.is_some_and(|shown| shown.device != FROM_NETWORK_ONCE.device) {
            self.app.evidence().points(
                About::Introspection(introspection.id),
                Cause::BootOverrideLost,
                "set",
                &format!("the BMC took the override to the network and then showed {shown:?}"),
                Value::Null,
            );
        }
        Ok(())
    }

    /// Clears the boot override, where there can be one.
    async fn clear_boot(&self, node: &NodeTarget) -> Result<()> {
        let cleared = self
            .app
            .gate()
            .clear_boot(&node.target, &node.protocol)
            .await;
        if is_unsupported(&cleared) && !self.has_boot_override(node).await? {
            return Ok(());
        }
        Ok(cleared?)
    }

    /// Whether the device has a boot override at all; one that has may refuse a certain one.
    async fn has_boot_override(&self, node: &NodeTarget) -> Result<bool> {
        let gate = self.app.gate();
        let looked = gate.with(
            &node.target,
            &node.protocol,
            Repeat::Idempotent,
            |session| {
                let is_there = session.boot_device().is_some();
                Box::pin(async move { Ok(is_there) })
            },
        );
        Ok(looked.await?)
    }

    /// Has the DHCP server serve the machine.
    async fn admit(&self, introspection: &Introspection) -> Result<()> {
        let admitted = self.app.admission().admit(introspection.node_id).await;
        admitted.inspect_err(|error| {
            let about = About::Introspection(introspection.id);
            let text = error.to_string();
            let evidence = self.app.evidence();
            evidence.points(about, Cause::PxeNotAdmitted, "admit", &text, Value::Null);
        })
    }

    /// Takes system UUID and serial number from the BMC where the node has none, so that a machine
    /// whose network cards are not known is recognised when it asks for its boot script.
    async fn learn_identity(&self, task: &Task, target: &NodeTarget) -> Result<()> {
        let node = self.app.nodes().by_id(target.assignment.node_id).await?;
        if node.system_uuid.is_some() && node.serial_number.is_some() {
            return Ok(());
        }
        let info = self
            .app
            .gate()
            .system_info(&target.target, &target.protocol)
            .await;
        let info = match info {
            Ok(info) => info,
            Err(error) => {
                let text = format!("the BMC does not tell which machine it belongs to: {error}");
                return self.app.tasks().message(task, &text).await;
            }
        };
        let learnt = |known: Option<String>, told: Option<String>| {
            let told = told.filter(|told| known.is_none() && lookup::is_telling(told));
            told.map(Some)
        };
        let patch = NodePatch {
            system_uuid: learnt(node.system_uuid, info.uuid),
            serial_number: learnt(node.serial_number, info.serial_number),
            ..NodePatch::default()
        };
        if patch != NodePatch::default() {
            let now = self.app.clock().now();
            self.app.store().update_node(node.id, patch, now).await?;
        }
        Ok(())
    }

    /// Puts a machine back after an abort or a failure. Safe to run again.
    pub async fn run_leave(&self, task: &Task) -> Result<Outcome> {
        let id = payload_id(task, "introspection_id")?;
        let introspection = self.by_id(id).await?;
        let left = self.hold_and_leave(task, &introspection).await;
        if let Err(error) = &left
            && error.is_passing()
        {
            return Err(error.clone());
        }
        if introspection.state == IntrospectionState::Aborting {
            let change = Change {
                error: Some(aborted_text(left.as_ref().err())),
                ..Change::default()
            };
            let now = self.app.clock().now();
            self.app
                .store()
                .apply_event(id, Event::AbortEnd, change, now)
                .await?;
        }
        left.map(|()| Outcome::Done(json!({"left": true})))
    }

    async fn hold_and_leave(&self, task: &Task, introspection: &Introspection) -> Result<()> {
        let purpose = "leaving introspection";
        let guard = NodeGuard::take(self.app, introspection.node_id, task, purpose).await?;
        let left = self.leave_if_current(task, introspection).await;
        guard.release().await?;
        left
    }

    async fn leave_if_current(&self, task: &Task, introspection: &Introspection) -> Result<()> {
        let current = self
            .app
            .store()
            .current_introspection(introspection.node_id)
            .await?;
        // One that was opened again meanwhile needs its machine.
        let is_over = current.is_some_and(|current| {
            current.id == introspection.id
                && (current.state.is_final() || current.state == IntrospectionState::Aborting)
        });
        if !is_over || !introspection.manage_boot {
            return Ok(());
        }
        self.leave_machine(task, introspection).await
    }

    /// Leaves the machine as configured: off or on, with the boot override cleared.
    pub(super) async fn leave_machine(
        &self,
        task: &Task,
        introspection: &Introspection,
    ) -> Result<()> {
        let node: NodeTarget = target::of_node(self.app, introspection.node_id).await?;
        if !introspection.keep_power {
            self.app
                .tasks()
                .message(task, "switching the machine off")
                .await?;
            self.app
                .power()
                .change(task, &node, PowerCommand::Off)
                .await?;
        }
        self.clear_boot(&node).await
    }

    /// Ends a running introspection with an error; one that has ended meanwhile stays as it is.
    pub(super) async fn fail_unless_ended(
        &self,
        introspection: &Introspection,
        error: &str,
    ) -> Result<()> {
        match self
            .fail(introspection, Event::Fail, error.to_owned())
            .await
        {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }
}

fn is_unsupported<T>(outcome: &std::result::Result<T, DriverError>) -> bool {
    matches!(outcome, Err(DriverError::Unsupported { .. }))
}

fn aborted_text(failure: Option<&Error>) -> String {
    match failure {
        None => CANCELED.to_owned(),
        Some(error) => format!(
            "{CANCELED}; the machine was not put back: {}",
            error_text(error)
        ),
    }
}
