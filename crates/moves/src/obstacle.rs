//! Why an instance does not go to a host, or does not move at all.

/// Why an instance does not go to a host, or does not move at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The cloud has no such instance.
    #[error("the cloud has no instance {0}")]
    UnknownInstance(String),
    /// The cloud has no such host.
    #[error("the cloud has no host {0}")]
    UnknownHost(String),
    /// The instance is not on the host it was expected on.
    #[error("the instance is on {0} now")]
    Elsewhere(String),
    /// The instance is there already.
    #[error("the instance is on {0} already")]
    Already(String),
    /// Something is being done with the instance.
    #[error("the instance is busy: {0}")]
    Busy(String),
    /// An instance in this state is not moved.
    #[error("an instance that is {0} is not moved")]
    State(String),
    /// Its owner has locked it.
    #[error("its owner has locked the instance")]
    Locked,
    /// What was allowed does not move an instance in this state.
    #[error("nothing that is allowed moves an instance that is {0}")]
    NotAllowed(String),
    /// The scheduler may give the host no instances.
    #[error("host {host} is disabled: {reason}")]
    Disabled {
        /// The host.
        host: String,
        /// Why, in an operator's words.
        reason: String,
    },
    /// The host does not report in.
    #[error("host {0} is down")]
    Down(String),
    /// What the host can hold is not known.
    #[error("what host {0} can hold is not known")]
    Unmeasured(String),
    /// The host has too little left.
    #[error("host {0} has no room for it")]
    NoRoom(String),
    /// The instance may not leave its availability zone.
    #[error("host {host} is outside zone {zone}")]
    Zone {
        /// The host.
        host: String,
        /// The zone that the instance is bound to.
        zone: String,
    },
    /// Others of its group are on another host.
    #[error("group {0} keeps its instances on one host")]
    Affinity(String),
    /// The host has as many of its group as it may have.
    #[error("group {0} keeps its instances on different hosts")]
    AntiAffinity(String),
    /// No host takes it.
    #[error("no host can take it")]
    NoHost,
}
