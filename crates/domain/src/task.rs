//! A task: work that a worker does, recorded so that nothing is lost when anybody dies.

use std::str::FromStr;

use serde_json::Value;

use crate::Timestamp;
use crate::error::{Error, Result};

/// What a task does; one worker file each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// Sets boot device and power so that a node boots the ramdisk.
    IntrospectionStart,
    /// Runs hooks and rules over a report and ends the introspection.
    IntrospectionProcess,
    /// Puts a machine back after an abort, a time-out or a ramdisk's error.
    IntrospectionLeave,
    /// Finds out why an introspection does not come further.
    IntrospectionDiagnose,
    /// Does one power action of a node.
    NodePower,
    /// Switches one output of a power control.
    OutputPower,
    /// Reads one aspect of a node's device.
    DeviceRead,
    /// Gives a node's device one command that is not about power.
    DeviceCommand,
    /// Does something on a node's operating system.
    HostAction,
    /// Sets again what was set on a node's operating system and is not so any more.
    HostKeep,
    /// Mirrors a volume on a storage host, or moves its data to another disk.
    VolumeAction,
    /// Does something with an instance of the cloud.
    ServerAction,
    /// Makes copies of an instance of the cloud.
    ServerClone,
    /// Binds nodes to a virtual controller, or unbinds them.
    NodesBind,
    /// Empties hosts of the cloud, and switches them off or restarts them.
    CloudHosts,
    /// Finds out how the load of an aggregate's hosts could be levelled.
    CloudAudit,
    /// Makes the moves that an audit has found.
    CloudAuditApply,
    /// Nothing: shows that the way from a request to a worker is open.
    Ping,
    /// Looks at what rules would do to stored reports.
    RulesDryRun,
}

impl TaskKind {
    /// All kinds.
    pub const ALL: [Self; 19] = [
        Self::IntrospectionStart,
        Self::IntrospectionProcess,
        Self::IntrospectionLeave,
        Self::IntrospectionDiagnose,
        Self::NodePower,
        Self::OutputPower,
        Self::DeviceRead,
        Self::DeviceCommand,
        Self::HostAction,
        Self::HostKeep,
        Self::VolumeAction,
        Self::ServerAction,
        Self::ServerClone,
        Self::NodesBind,
        Self::CloudHosts,
        Self::CloudAudit,
        Self::CloudAuditApply,
        Self::Ping,
        Self::RulesDryRun,
    ];

    /// The kind's name in the store, in APIs and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IntrospectionStart => "introspection.start",
            Self::IntrospectionProcess => "introspection.process",
            Self::IntrospectionLeave => "introspection.leave",
            Self::IntrospectionDiagnose => "introspection.diagnose",
            Self::NodePower => "node.power",
            Self::OutputPower => "output.power",
            Self::DeviceRead => "device.read",
            Self::DeviceCommand => "device.command",
            Self::HostAction => "host.action",
            Self::HostKeep => "host.keep",
            Self::VolumeAction => "volume.action",
            Self::ServerAction => "server.action",
            Self::ServerClone => "server.clone",
            Self::NodesBind => "nodes.bind",
            Self::CloudHosts => "cloud.hosts",
            Self::CloudAudit => "cloud.audit",
            Self::CloudAuditApply => "cloud.audit_apply",
            Self::Ping => "ping",
            Self::RulesDryRun => "rules.dry_run",
        }
    }

    /// Whether it records its steps: it goes on from there when an attempt runs out of time, and can be told
    /// to begin nothing new.
    pub fn records_steps(self) -> bool {
        matches!(
            self,
            Self::CloudHosts | Self::CloudAuditApply | Self::ServerClone | Self::VolumeAction
        )
    }

    /// The class of work: short work must not wait behind long work, so each class has a queue.
    pub fn queue(self) -> &'static str {
        match self {
            Self::IntrospectionProcess => "process",
            Self::IntrospectionStart
            | Self::IntrospectionLeave
            | Self::NodePower
            | Self::OutputPower => "power",
            Self::IntrospectionDiagnose => "diagnosis",
            Self::DeviceRead | Self::DeviceCommand => "device",
            Self::HostAction | Self::HostKeep | Self::VolumeAction => "host",
            Self::ServerAction
            | Self::ServerClone
            | Self::CloudHosts
            | Self::CloudAudit
            | Self::CloudAuditApply => "cloud",
            Self::Ping | Self::NodesBind => "quick",
            Self::RulesDryRun => "batch",
        }
    }
}

impl FromStr for TaskKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown task kind '{text}'")))
    }
}

/// A task's status, in Celery's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// Waits for a worker.
    Pending,
    /// A worker holds it.
    Started,
    /// Failed for now; waits for its next attempt.
    Retry,
    /// Done.
    Success,
    /// Failed for good.
    Failure,
    /// Cancelled before it was done.
    Revoked,
}

impl TaskStatus {
    /// All statuses.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Started,
        Self::Retry,
        Self::Success,
        Self::Failure,
        Self::Revoked,
    ];

    /// The status in Celery's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Started => "STARTED",
            Self::Retry => "RETRY",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Revoked => "REVOKED",
        }
    }

    /// Whether nothing more happens to the task.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Revoked)
    }
}

impl FromStr for TaskStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown task status '{text}'")))
    }
}

/// A task to be stored, in the same transaction as the state that needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Public id (UUID).
    pub uuid: String,
    /// What to do.
    pub kind: TaskKind,
    /// To what; never holds a secret.
    pub payload: Value,
    /// The node it works on, if any.
    pub node_id: Option<i64>,
    /// Attempts after which it fails for good, at least 1.
    pub max_attempts: i32,
    /// Not before this.
    pub run_after: Timestamp,
    /// Who asked.
    pub requested_by: String,
    /// Through which dialect.
    pub dialect: String,
    /// The id of the HTTP request it came from.
    pub request_id: String,
}

/// A stored task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Key in the store.
    pub id: i64,
    /// Public id (UUID).
    pub uuid: String,
    /// What to do.
    pub kind: TaskKind,
    /// To what.
    pub payload: Value,
    /// The node it works on, if any.
    pub node_id: Option<i64>,
    /// How far it is.
    pub status: TaskStatus,
    /// Attempts begun.
    pub attempts: i32,
    /// Attempts after which it fails for good.
    pub max_attempts: i32,
    /// Not before this.
    pub run_after: Timestamp,
    /// The worker that holds it.
    pub lease_owner: Option<String>,
    /// Until when the worker's hold counts.
    pub lease_expires: Option<Timestamp>,
    /// What it gave.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked.
    pub requested_by: String,
    /// Through which dialect.
    pub dialect: String,
    /// The id of the HTTP request it came from.
    pub request_id: String,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When its last attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// One line of a task's progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskMessage {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}
