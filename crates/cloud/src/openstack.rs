//! The client: one OpenStack, and the capabilities that it has.

use assay_domain::cloud::{
    Cloud, CloudError, CloudResult, ComputeHosts, Identity, InstanceNotes, Instances, Moves,
    Volumes,
};

use crate::config::OpenStackConfig;
use crate::transport::Transport;

/// One OpenStack.
pub struct OpenStack {
    pub(crate) transport: Transport,
}

impl OpenStack {
    /// A client; it asks nothing yet, so that the cloud may be away when Assay starts.
    ///
    /// # Errors
    /// [`CloudError::Refused`] for a URL or certificates that cannot be used.
    pub fn new(config: OpenStackConfig) -> CloudResult<Self> {
        let transport =
            Transport::new(config).map_err(|error| CloudError::Refused(error.to_string()))?;
        Ok(Self { transport })
    }
}

impl Cloud for OpenStack {
    fn hosts(&self) -> &dyn ComputeHosts {
        self
    }

    fn instances(&self) -> &dyn Instances {
        self
    }

    fn moves(&self) -> &dyn Moves {
        self
    }

    fn notes(&self) -> &dyn InstanceNotes {
        self
    }

    fn identity(&self) -> &dyn Identity {
        self
    }

    fn volumes(&self) -> Option<&dyn Volumes> {
        Some(self)
    }
}
