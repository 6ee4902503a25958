//! A cloud whose hypervisors run on Assay's nodes: what Assay reads of it and tells it.
//!
//! The first one is OpenStack; the words are those of its API where there is no better one. All
//! that is asked here is asked anew: nothing is cached behind these traits.

mod clone;
mod error;
mod host;
mod identity;
mod instance;
mod job;
mod migration;
mod notes;
mod volume;
mod words;

use async_trait::async_trait;

pub use clone::{CloneProgress, CloneStage, CloneVolume, Making};
pub use error::{CloudError, CloudResult};
pub use host::{
    Aggregate, Capacity, ComputeHost, GroupPolicy, Hypervisor, ServerGroup, ServiceChange,
};
pub use identity::{Domain, DomainConfig, Identity};
pub use instance::{
    Instance, InstanceCommand, InstancePower, InstanceStatus, InstanceVolume, KeyPair, NewInstance,
};
pub use job::{AuditRecord, AuditStatus, HostProgress, HostStage, InstanceMove, Method, MoveState};
pub use migration::{Migration, MigrationFilter, MigrationKind, MigrationStatus, Settlement};
pub use notes::{InstanceNotes, NotedInstance};
pub use volume::{NewVolume, Volume, VolumeStatus};

/// A cloud, by what it can do.
///
/// Reading is repeated a few times when the cloud is busy or away. A command is sent once: when its
/// answer is lost, the error is [`CloudError::OutcomeUnknown`], and the caller looks before it sends
/// another one. Commands that the cloud accepts go on after they return; their end is read.
pub trait Cloud: Send + Sync {
    /// The hypervisors' services, what they can hold, and how they are grouped.
    fn hosts(&self) -> &dyn ComputeHosts;

    /// The instances.
    fn instances(&self) -> &dyn Instances;

    /// Moving instances between hosts.
    fn moves(&self) -> &dyn Moves;

    /// What is noted on the instances.
    fn notes(&self) -> &dyn InstanceNotes;

    /// The domains of users, and how users log in.
    fn identity(&self) -> &dyn Identity;

    /// Block storage; none when the cloud has no service for it.
    fn volumes(&self) -> Option<&dyn Volumes> {
        None
    }
}

/// Hypervisors as a cloud sees them.
#[async_trait]
pub trait ComputeHosts: Send + Sync {
    /// All compute services, one per host.
    ///
    /// # Errors
    /// As of [`CloudError`].
    async fn hosts(&self) -> CloudResult<Vec<ComputeHost>>;

    /// Changes a compute service, named by [`ComputeHost::service_id`]. Asking for what is so
    /// already is no error.
    ///
    /// # Errors
    /// [`CloudError::NotFound`] for an unknown service.
    async fn change(&self, service_id: &str, change: &ServiceChange) -> CloudResult<()>;

    /// All hypervisors.
    ///
    /// # Errors
    /// As of [`CloudError`].
    async fn hypervisors(&self) -> CloudResult<Vec<Hypervisor>>;

    /// What hypervisors can hold and hold now: those of these names ([`Hypervisor::name`]), or all.
    /// Names that the cloud does not know are left out.
    ///
    /// # Errors
    /// As of [`CloudError`].
    async fn capacities(&self, names: Option<&[String]>) -> CloudResult<Vec<Capacity>>;

    /// All host aggregates.
    ///
    /// # Errors
    /// As of [`CloudError`].
    async fn aggregates(&self) -> CloudResult<Vec<Aggregate>>;

    /// The server groups of all projects, with the instances that belong to them.
    ///
    /// # Errors
    /// As of [`CloudError`].
    async fn server_groups(&self) -> CloudResult<Vec<ServerGroup>>;
}

/// Instances of a cloud.
#[async_trait]
pub trait Instances: Send + Sync {
    /// The instances of all projects, on one host ([`ComputeHost::name`]) or on all.
    ///
    /// # Errors
    /// As of [`CloudError`].
    async fn list(&self, host: Option<&str>) -> CloudResult<Vec<Instance>>;

    /// One instance.
    ///
    /// # Errors
    /// [`CloudError::NotFound`] when it does not exist.
    async fn get(&self, uuid: &str) -> CloudResult<Instance>;

    /// Tells an instance to do something. The cloud accepts it and does it later.
    ///
    /// # Errors
    /// [`CloudError::Conflict`] when the state of the instance does not allow it.
    async fn command(&self, uuid: &str, command: InstanceCommand) -> CloudResult<()>;

    /// What another instance like this one is made of; its volumes are those of this one, of which
    /// the caller names copies in their place.
    ///
    /// # Errors
    /// [`CloudError::NotFound`] when it does not exist.
    async fn template(&self, uuid: &str) -> CloudResult<NewInstance>;

    /// Makes an instance and gives its UUID; it is built later.
    ///
    /// # Errors
    /// [`CloudError::Refused`] for quotas and for what the cloud does not know.
    async fn create(&self, new: &NewInstance) -> CloudResult<String>;

    /// Deletes an instance; it goes later.
    ///
    /// # Errors
    /// [`CloudError::NotFound`] when it does not exist.
    async fn delete(&self, uuid: &str) -> CloudResult<()>;
}

/// Moving instances between hosts of a cloud.
#[async_trait]
pub trait Moves: Send + Sync {
    /// Moves a running instance without a pause, to a host of the scheduler's choice or to this one,
    /// which the scheduler checks.
    ///
    /// # Errors
    /// [`CloudError::NoValidHost`] when the cloud says so at once; it may as well say so in the
    /// migration's status.
    async fn live_migrate(&self, uuid: &str, target: Option<&str>) -> CloudResult<()>;

    /// Moves an instance while it is off. It waits in [`InstanceStatus::VerifyResize`] to be settled.
    ///
    /// # Errors
    /// As of [`Self::live_migrate`].
    async fn cold_migrate(&self, uuid: &str, target: Option<&str>) -> CloudResult<()>;

    /// Keeps an instance where a cold migration has brought it, or brings it back.
    ///
    /// # Errors
    /// [`CloudError::Conflict`] when there is nothing to settle.
    async fn settle(&self, uuid: &str, settlement: Settlement) -> CloudResult<()>;

    /// Builds an instance of a dead host again on another one, with its volumes. The cloud refuses
    /// while it believes the host alive; that the host is really dead is for the caller to know.
    ///
    /// # Errors
    /// [`CloudError::Refused`] while the cloud believes the host alive; [`CloudError::NoValidHost`].
    async fn evacuate(&self, uuid: &str, target: Option<&str>) -> CloudResult<()>;

    /// Migrations of all kinds, the newest first.
    ///
    /// # Errors
    /// As of [`CloudError`].
    async fn migrations(&self, filter: &MigrationFilter) -> CloudResult<Vec<Migration>>;

    /// Ends a live migration; the instance stays where it is.
    ///
    /// # Errors
    /// [`CloudError::Conflict`] or [`CloudError::NotFound`] when it is over.
    async fn abort_live(&self, uuid: &str, migration_id: i64) -> CloudResult<()>;
}

/// Block storage of a cloud.
#[async_trait]
pub trait Volumes: Send + Sync {
    /// One volume.
    ///
    /// # Errors
    /// [`CloudError::NotFound`] when it does not exist.
    async fn get(&self, id: &str) -> CloudResult<Volume>;

    /// The volumes of a project that have this name.
    ///
    /// # Errors
    /// As of [`CloudError`].
    async fn named(&self, project_id: &str, name: &str) -> CloudResult<Vec<Volume>>;

    /// Copies a volume; the copy is [`VolumeStatus::Available`] later.
    ///
    /// # Errors
    /// [`CloudError::Refused`] for quotas.
    async fn copy(&self, new: &NewVolume) -> CloudResult<Volume>;

    /// Deletes a volume that is attached to nothing; it goes later.
    ///
    /// # Errors
    /// [`CloudError::NotFound`] when it does not exist, [`CloudError::Refused`] while it is in use.
    async fn delete(&self, id: &str) -> CloudResult<()>;
}
