//! What booting machines and their agents ask for, guarded by the introspection window and a nonce.

mod body;
mod nonce;

use std::path::PathBuf;

use assay_domain::{
    Actor, Dialect, Error, Introspection, IntrospectionState, Node, Phase, Result, Role, TaskKind,
};
use assay_inventory::Report;
use assay_store::LookupKeys;
use serde_json::json;

use crate::App;
use crate::lookup::{self, Lookup};
pub(crate) use body::parse_report;
pub(crate) use nonce::{hash, new_nonce};

const NOT_ON_INTROSPECTION: &str = "no introspection is waiting for this report";
const NO_SINGLE_NODE: &str = "the report was refused: no node, or more than one node, fits its BMC address, MAC addresses, system UUID and serial number";

/// What a machine that asks for a boot script is to do.
#[derive(Debug, Clone)]
pub enum BootDecision {
    /// Boot the ramdisk.
    Introspect {
        /// Goes into every URL that this boot uses.
        nonce: String,
        /// Which node it is.
        node: Box<Node>,
    },
    /// Boot from the next device.
    Local {
        /// Why, for the machine's console.
        reason: String,
    },
}

/// Leave to send a report, given before its body is read.
#[derive(Debug, Clone)]
pub struct Admission(Admitted);

#[derive(Debug, Clone)]
enum Admitted {
    /// The nonce tells which introspection it is.
    ByNonce(Box<Introspection>),
    /// The report has to tell which node it is.
    ByLookup,
    /// This boot's report is here already: a repetition after a lost answer.
    Again(String),
}

/// What machines ask for.
pub struct Boot<'a> {
    app: &'a App,
}

impl<'a> Boot<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// What the machine with this network card, system UUID and serial number is to boot.
    pub async fn decide(
        &self,
        mac: &str,
        uuid: Option<&str>,
        serial: Option<&str>,
    ) -> Result<BootDecision> {
        let keys = LookupKeys {
            bmc_addresses: Vec::new(),
            macs: assay_inventory::normalize_mac(mac).into_iter().collect(),
            system_uuid: uuid
                .filter(|uuid| lookup::is_telling(uuid))
                .map(str::to_lowercase),
            serial: serial
                .filter(|serial| lookup::is_telling(serial))
                .map(str::to_owned),
        };
        let found = match lookup::find(self.app, keys).await? {
            Lookup::One(found) => found,
            Lookup::None => return Ok(local("this machine is not known")),
            Lookup::Several(hits) => {
                tracing::warn!(mac, hits, "a booting machine fits several nodes");
                return Ok(local("this machine fits several nodes"));
            }
        };
        let store = self.app.store();
        let waiting = store
            .current_introspection(found.node_id)
            .await?
            .filter(|current| current.state == IntrospectionState::Waiting);
        let Some(introspection) = waiting else {
            return Ok(local("this machine is not on introspection"));
        };
        let nonce = new_nonce()?;
        let now = self.app.clock().now();
        if !store
            .set_nonce(introspection.id, &hash(&nonce), now)
            .await?
        {
            return Ok(local("this machine is no longer on introspection"));
        }
        tracing::info!(node = introspection.node_uuid, mac, "boot script served");
        let node = Box::new(self.app.nodes().by_id(found.node_id).await?);
        Ok(BootDecision::Introspect { nonce, node })
    }

    /// The kernel or initramfs for the boot with this nonce; stamps the phase.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a nonce that is not waiting, or a file that is not configured.
    pub async fn file(&self, nonce: &str, phase: Phase) -> Result<PathBuf> {
        let boot = &self.app.settings().boot;
        let file = match phase {
            Phase::Kernel => boot.kernel.clone(),
            Phase::Initramfs => boot.initramfs.clone(),
            _ => None,
        };
        let file = file.ok_or_else(|| {
            tracing::error!(
                file = phase.as_str(),
                "a machine asks for a boot file that is not configured"
            );
            Error::not_found("Boot file", phase.as_str())
        })?;
        self.stamp(nonce, phase).await?;
        Ok(file)
    }

    /// Stamps a phase that the machine or its agent has reached.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a nonce that is not waiting.
    pub async fn stamp(&self, nonce: &str, phase: Phase) -> Result<()> {
        let introspection = self
            .by_nonce(nonce)
            .await?
            .filter(|found| found.state == IntrospectionState::Waiting)
            .ok_or_else(|| Error::not_found("Boot", "with this nonce"))?;
        let now = self.app.clock().now();
        self.app
            .store()
            .stamp_phase(introspection.id, phase, now)
            .await
    }

    /// Leave to send a report, before its body is read.
    ///
    /// # Errors
    /// [`Error::Forbidden`], the same whatever is wrong.
    pub async fn admit(&self, nonce: Option<&str>) -> Result<Admission> {
        let refused = || Error::Forbidden(NOT_ON_INTROSPECTION.to_owned());
        let Some(nonce) = nonce else {
            let open = self.app.settings().allow_report_without_nonce
                && self.app.store().any_waiting_without_script().await?;
            return if open {
                Ok(Admission(Admitted::ByLookup))
            } else {
                Err(refused())
            };
        };
        let found = self.by_nonce(nonce).await?.ok_or_else(refused)?;
        match found.state {
            IntrospectionState::Waiting => Ok(Admission(Admitted::ByNonce(Box::new(found)))),
            IntrospectionState::Processing | IntrospectionState::Finished => {
                Ok(Admission(Admitted::Again(found.node_uuid)))
            }
            _ => Err(refused()),
        }
    }

    /// Takes an admitted report: stores it as it is and has it processed. Gives the node's UUID.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no report, [`Error::LookupFailed`] when it fits no node or
    /// several, [`Error::Forbidden`] when the node's window has closed.
    pub async fn receive(&self, admission: Admission, body: Vec<u8>) -> Result<String> {
        let report = parse_report(&body, self.app.settings().json_depth)?;
        let introspection = match admission.0 {
            Admitted::Again(uuid) => return Ok(uuid),
            Admitted::ByNonce(introspection) => *introspection,
            Admitted::ByLookup => self.look_up(&report).await?,
        };
        let actor = agent();
        let kind = TaskKind::IntrospectionProcess;
        let payload = json!({"introspection_id": introspection.id});
        let task = self
            .app
            .tasks()
            .new_task(&actor, kind, Some(introspection.node_id), payload);
        let size = body.len();
        let now = self.app.clock().now();
        self.app
            .store()
            .receive_report(introspection.id, body, task, now)
            .await
            .map_err(|error| match error {
                Error::Conflict(_) => Error::Forbidden(NOT_ON_INTROSPECTION.to_owned()),
                other => other,
            })?;
        tracing::info!(node = introspection.node_uuid, size, "report received");
        metrics::counter!("assay_reports_total").increment(1);
        self.app.announce(kind).await;
        Ok(introspection.node_uuid)
    }

    async fn look_up(&self, report: &Report) -> Result<Introspection> {
        let uniform = || Error::LookupFailed(NO_SINGLE_NODE.to_owned());
        let found = match lookup::find(self.app, lookup::keys_of(report)).await? {
            Lookup::One(found) => found,
            Lookup::None => {
                tracing::warn!("a report fits no node");
                return Err(uniform());
            }
            Lookup::Several(hits) => {
                tracing::warn!(hits, "a report fits several nodes");
                return Err(uniform());
            }
        };
        self.app
            .store()
            .current_introspection(found.node_id)
            .await?
            .filter(|current| {
                current.state == IntrospectionState::Waiting && current.nonce_hash.is_none()
            })
            .ok_or_else(|| Error::Forbidden(NOT_ON_INTROSPECTION.to_owned()))
    }

    async fn by_nonce(&self, nonce: &str) -> Result<Option<Introspection>> {
        self.app.store().introspection_by_nonce(&hash(nonce)).await
    }
}

fn local(reason: &str) -> BootDecision {
    BootDecision::Local {
        reason: reason.to_owned(),
    }
}

fn agent() -> Actor {
    Actor {
        name: "agent".to_owned(),
        role: Role::Observer,
        dialect: Dialect::Inspector,
        request_id: String::new(),
    }
}
