//! The domain: nodes, power, introspections, tasks, rules and users, as plain data and decisions.
//!
//! Nothing here does I/O or knows an async runtime, HTTP or SQL. Dialects translate these types at
//! their own edge; the store keeps them; drivers implement the [`capability`] traits.
#![forbid(unsafe_code)]

pub mod actor;
pub mod admission;
pub mod alarm;
pub mod availability_storage;
pub mod capability;
pub mod cause;
pub mod cloud;
pub mod dead_letter;
pub mod device;
pub mod driver;
pub mod dry_run;
pub mod error;
pub mod evidence;
pub mod filter;
pub mod fleet;
pub mod gate;
pub mod heartbeat;
pub mod held_report;
pub mod host;
pub mod host_keys;
pub mod identity;
pub mod introspection;
pub mod iscsi;
pub mod machine;
pub mod node;
pub mod node_class;
pub mod phase;
pub mod port;
pub mod power;
pub mod power_control;
pub mod power_observation;
pub mod report;
pub mod rule;
pub mod secret;
pub mod task;
pub mod user;
pub mod volume;

pub use actor::{Actor, Dialect, Role};
pub use alarm::{Alarm, AlarmKind, NewAlarm};
pub use availability_storage::{AvailabilityStorage, AvailabilityStoragePatch, StorageAssignment};
pub use cause::{Cause, CauseFacts};
pub use dead_letter::{DeadLetter, NewDeadLetter};
pub use device::{Aspect, DeviceCommand, DeviceFacts, DeviceReading};
pub use driver::{Driver, DriverError, Session, Target, TlsTrust};
pub use dry_run::{
    ConditionCounts, DryRun, DryRunCounts, DryRunReports, DryRunResult, DryRunState, DryRunSubject,
    NewDryRun, RuleCounts,
};
pub use error::{Error, Result};
pub use evidence::{
    About, Confidence, Diagnosis, Evidence, EvidenceKind, Finding, NewEvidence, Stuck,
};
pub use filter::{Filter, FilterOp, FilterValue, Page};
pub use heartbeat::{BeatState, HEARTBEAT_FOLDER, Heartbeat, StorageBeat, WatchedHost};
pub use held_report::{HeldReport, HeldState};
pub use host_keys::HostKeys;
pub use identity::{TokenHolder, TokenScope, TokenValidator};
pub use introspection::{Event, Introspection, IntrospectionState};
pub use machine::{Fact, FactKind, Facts};
pub use node::{NewNode, Node, NodePatch};
pub use node_class::{BootImage, NodeClass, NodeImage, NodeType};
pub use phase::{Phase, PhaseStamp};
pub use port::Port;
pub use power::{
    OutputRef, PowerAction, PowerActionState, PowerCommand, PowerState, PowerTransition,
};
pub use power_control::{NodePowerControl, PowerControl};
pub use power_observation::{DueReading, OutsideChange, PowerObservation, PowerReading};
pub use report::{Report, ReportKind};
pub use rule::Rule;
pub use secret::Secret;
pub use task::{NewTask, Task, TaskKind, TaskMessage, TaskStatus};
pub use user::User;

/// An instant in UTC; the store keeps microseconds.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
