//! What booting machines and their agents ask for, guarded by the introspection window and a nonce.

mod body;
mod claimant;
mod decide;
mod nonce;
mod receive;

use std::path::PathBuf;

use assay_domain::{BootImage, Error, Introspection, IntrospectionState, Node, Phase, Result};
use assay_store::{BootClaim, DiscoveryBoot};

use crate::App;
use crate::lookup;

pub(crate) use body::parse_report;
pub(crate) use nonce::{hash, new_nonce};
pub(crate) use receive::agent;
pub use receive::{Admission, Received};

const NOT_ON_INTROSPECTION: &str = "no introspection is waiting for this report";
const NO_SINGLE_NODE: &str = "the report was refused: no node, or more than one node, fits its BMC address, MAC addresses, system UUID and serial number";

/// A machine that asks for its boot script.
#[derive(Debug, Clone, Default)]
pub struct BootRequest {
    /// MAC address of the card that it boots from, in any notation.
    pub mac: String,
    /// System UUID.
    pub uuid: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Address that it asks from.
    pub source: Option<String>,
}

/// What a machine that asks for a boot script is to do.
#[derive(Debug, Clone)]
pub enum BootDecision {
    /// Boot the ramdisk.
    Introspect {
        /// Goes into every URL that this boot uses.
        nonce: String,
        /// Which node it is; none when an unknown machine is to tell what it is.
        node: Option<Box<Node>>,
    },
    /// Boot the image of its node.
    Image(Box<BootImage>),
    /// Boot from the next device.
    Local {
        /// Why, for the machine's console.
        reason: String,
    },
}

/// What a nonce was given for.
enum Given {
    Introspection(Box<Introspection>),
    Discovery(Box<DiscoveryBoot>),
}

/// What machines ask for.
pub struct Boot<'a> {
    app: &'a App,
}

impl<'a> Boot<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
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
        // A phase that cannot come to its end is not stamped.
        let file = match readable(file).await {
            Ok(file) => file,
            Err(problem) => {
                tracing::error!(
                    file = phase.as_str(),
                    problem,
                    "a machine asks for a boot file that cannot be given"
                );
                self.app.evidence().file_missing(nonce, phase, &problem);
                return Err(Error::not_found("Boot file", phase.as_str()));
            }
        };
        self.stamp(nonce, phase).await?;
        Ok(file)
    }

    /// Stamps a phase that the machine or its agent has reached. The boot of an unknown machine has
    /// nothing to stamp yet.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a nonce that is not waiting.
    pub async fn stamp(&self, nonce: &str, phase: Phase) -> Result<()> {
        let unknown = || Error::not_found("Boot", "with this nonce");
        match self.given(nonce).await? {
            Some(Given::Introspection(found)) if found.state == IntrospectionState::Waiting => {
                let now = self.app.clock().now();
                self.app.store().stamp_phase(found.id, phase, now).await
            }
            Some(Given::Discovery(boot)) if boot.is_waiting() => Ok(()),
            _ => Err(unknown()),
        }
    }

    async fn given(&self, nonce: &str) -> Result<Option<Given>> {
        let (store, nonce) = (self.app.store(), hash(nonce));
        if let Some(found) = store.introspection_by_nonce(&nonce).await? {
            return Ok(Some(Given::Introspection(Box::new(found))));
        }
        if !self.app.settings().discovery.enabled {
            return Ok(None);
        }
        let boot = store.discovery_boot(nonce, self.app.clock().now()).await?;
        Ok(boot.map(|boot| Given::Discovery(Box::new(boot))))
    }
}

impl BootRequest {
    /// The machine by what its firmware said; placeholders and what is no MAC address say nothing.
    fn claim(self) -> BootClaim {
        let telling = |text: Option<String>| {
            let text = text.map(|text| text.trim().to_owned());
            text.filter(|text| lookup::is_telling(text))
        };
        BootClaim {
            mac: assay_inventory::normalize_mac(&self.mac).unwrap_or_default(),
            system_uuid: telling(self.uuid).map(|uuid| uuid.to_lowercase()),
            serial: telling(self.serial),
            source: self.source,
        }
    }
}

/// The file, if it is configured and can be read; else what is wrong with it.
async fn readable(file: Option<PathBuf>) -> std::result::Result<PathBuf, String> {
    let file = file.ok_or_else(|| "no file is configured".to_owned())?;
    match tokio::fs::File::open(&file).await {
        Ok(_) => Ok(file),
        Err(problem) => Err(format!("{}: {problem}", file.display())),
    }
}

fn local(reason: &str) -> BootDecision {
    BootDecision::Local {
        reason: reason.to_owned(),
    }
}
