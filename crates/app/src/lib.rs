//! The use cases: decisions and transactions of Assay, called by dialects and by workers.
//!
//! Every use case that a person asks for takes the [`assay_domain::Actor`] first and checks the
//! role. API handlers record intent; only what a worker calls changes a machine.
#![forbid(unsafe_code)]

mod admission;
mod alarms;
mod audits;
mod availability_storages;
mod boot;
mod boot_images;
mod clock;
mod cloud;
mod cloud_jobs;
mod cloud_settings;
mod controllers;
mod dead_letters;
mod devices;
mod diagnosis;
mod discovery;
mod domains;
mod dry_runs;
mod evidence;
mod fleet;
mod heartbeats;
mod host_keys;
mod host_targets;
mod hosts;
mod hosts_settings;
mod identity;
mod introspections;
mod lookup;
mod node_classes;
mod node_guard;
mod nodes;
mod ping;
mod power;
mod power_controls;
mod power_sync;
mod protection;
mod rule_cache;
mod rules;
mod servers;
mod settings;
mod shared_gate;
mod target;
mod tasks;
mod text;
mod volumes;
mod work;

use std::sync::{Arc, OnceLock};

use assay_domain::cloud::Cloud;
use assay_domain::{Result, TaskKind};
use assay_drivers::{Drivers, Gate};
use assay_hooks::Pipeline;
use assay_queue::Queue;
pub use assay_queue::{ClassState, LinkState, QueueState};
pub use assay_store::NodeNames;
use assay_store::Store;

pub use admission::{AdmissionState, PxeAdmissions};
pub use alarms::Alarms;
pub use assay_hooks::{
    ActionOutcome, ConditionOutcome, RuleOutcome, RuleTrace, RuleVerdict, ValueOutcome, Verdict,
};
pub use assay_moves::{Audit, AuditEnd, Imbalance, ProposedMove, Ways};
pub use audits::Audits;
pub use availability_storages::{AvailabilityStorageDetail, AvailabilityStorages};
pub use boot::{Admission, Boot, BootDecision, BootRequest, Received};
pub use boot_images::BootImages;
pub use clock::Clock;
pub use cloud::NodeHypervisor;
pub use cloud_jobs::{CloudHosts, HostOrder, HostPlan, HostWork};
pub use cloud_settings::{CloudInterface, CloudSettings, DomainSettings};
pub use controllers::{BindingOrder, VirtualControllers};
pub use dead_letters::DeadLetters;
pub use devices::{DeviceView, Devices};
pub use diagnosis::{Diagnoses, DiagnosisSettings, PhaseLimits, StuckPhase};
pub use discovery::{Decision, Discovery, DiscoverySettings, HeldReports};
pub use domains::{DomainStore, Domains};
pub use dry_runs::{
    DryRunRequest, DryRunSettings, DryRunTrace, DryRuns, PlannedChange, ReportResult,
    ReportVerdict, ResultFilter, Stop,
};
pub use evidence::EvidenceLog;
pub use fleet::{Fleet, FleetStatus, Member, Presence};
pub use heartbeats::{HEARTBEATS_LEASE, HeartbeatSettings, HeartbeatWatch, Heartbeats};
pub use host_keys::HostKey;
pub use host_targets::{Attachment, Discovered};
pub use hosts::Hosts;
pub use hosts_settings::HostsSettings;
pub use identity::{
    Identities, Identity, IdentitySettings, KeystoneSettings, Login, Naming, Proof, RoleNames,
    Scope, ScopeWanted, TokenFacts, stable_id,
};
pub use introspections::{
    DifferenceRequest, HistoryEntry, IntrospectionDetail, Introspections, ReportDifferences,
    StartOptions,
};
pub use node_classes::NodeClasses;
pub use nodes::{NodeDetail, Nodes};
pub use power::{
    AcceptedPower, BatchEnds, BatchStatus, NodePower, NodeRef, Power, PowerBatch, RefusedPower,
    UnderWay,
};
pub use power_controls::{PowerControlDetail, PowerControls};
pub use power_sync::{NodeFeeds, PowerSync, PowerSyncSettings};
pub use protection::Protection;
pub use rules::{RuleDraft, Rules};
pub use servers::{ServerAction, Servers};
pub use settings::{AuthMode, BodyLimits, BootSettings, RateLimits, Settings};
pub use shared_gate::GateSettings;
use shared_gate::SharedGate;
pub use tasks::{Tasks, Waited};
pub use volumes::{BackendView, VolumeBackend, VolumeView, Volumes, check_volume_backends};
pub use work::{Outcome, insist};

/// How long open sessions with devices may take to end.
const CLOSE_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Everything that use cases stand on; cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    process_id: String,
    store: Store,
    queue: Arc<dyn Queue>,
    gate: Gate,
    pipeline: Pipeline,
    settings: Settings,
    clock: Clock,
    identities: identity::Caches,
    desk: admission::Desk,
    diagnosis: diagnosis::Desk,
    recorder: evidence::Recorder,
    rules: rule_cache::RuleCache,
    seats: dry_runs::Seats,
    cloud: OnceLock<Arc<dyn Cloud>>,
}

impl App {
    /// Puts the use cases over a store, a queue engine, the drivers behind the gate, and the hooks.
    pub fn new(
        store: Store,
        queue: Arc<dyn Queue>,
        drivers: Drivers,
        pipeline: Pipeline,
        settings: Settings,
        clock: Clock,
    ) -> Self {
        let identities = identity::Caches::new(&store);
        let recorder = evidence::Recorder::new(&store);
        let desk = admission::Desk::new(settings.admission.driver.open());
        let process_id = fleet::new_process_id();
        let state = SharedGate {
            store: store.clone(),
            clock,
            process_id: process_id.clone(),
        };
        let limits = settings.gate.limits(settings.lease);
        let gate = Gate::with_limits(drivers, Arc::new(state), limits);
        Self {
            inner: Arc::new(Inner {
                process_id,
                store,
                queue,
                gate,
                pipeline,
                settings,
                clock,
                identities,
                desk,
                diagnosis: diagnosis::Desk::default(),
                recorder,
                rules: rule_cache::RuleCache::default(),
                seats: dry_runs::Seats::default(),
                cloud: OnceLock::new(),
            }),
        }
    }

    /// The configuration in force.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The clock that all use cases read.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The name of this process, which no other one of the fleet has.
    pub fn process_id(&self) -> &str {
        &self.inner.process_id
    }

    /// The queue engine, for the worker's loops.
    pub fn queue(&self) -> &Arc<dyn Queue> {
        &self.inner.queue
    }

    /// The processes of the fleet and what they hold.
    pub fn fleet(&self) -> Fleet<'_> {
        Fleet::new(self)
    }

    /// Evidence of what goes wrong.
    pub fn evidence(&self) -> EvidenceLog<'_> {
        EvidenceLog::new(self)
    }

    /// Why introspections do not come further.
    pub fn diagnoses(&self) -> Diagnoses<'_> {
        Diagnoses::new(self)
    }

    /// Readings of the power of nodes.
    pub fn power_sync(&self) -> PowerSync<'_> {
        PowerSync::new(self)
    }

    /// Users, tokens and passwords.
    pub fn identity(&self) -> Identities<'_> {
        Identities::new(self)
    }

    /// What the DHCP server beside this process is told.
    pub fn admission(&self) -> PxeAdmissions<'_> {
        PxeAdmissions::new(self)
    }

    /// Introspections.
    pub fn introspections(&self) -> Introspections<'_> {
        Introspections::new(self)
    }

    /// What booting machines and their agents ask for.
    pub fn boot(&self) -> Boot<'_> {
        Boot::new(self)
    }

    /// Unknown machines.
    pub fn discovery(&self) -> Discovery<'_> {
        Discovery::new(self)
    }

    /// Reports that wait for a decision.
    pub fn held_reports(&self) -> HeldReports<'_> {
        HeldReports::new(self)
    }

    /// Alarms.
    pub fn alarms(&self) -> Alarms<'_> {
        Alarms::new(self)
    }

    /// Introspection rules.
    pub fn rules(&self) -> Rules<'_> {
        Rules::new(self)
    }

    /// Dry runs of rules.
    pub fn dry_runs(&self) -> DryRuns<'_> {
        DryRuns::new(self)
    }

    /// Nodes.
    pub fn nodes(&self) -> Nodes<'_> {
        Nodes::new(self)
    }

    /// Classes and types of nodes.
    pub fn node_classes(&self) -> NodeClasses<'_> {
        NodeClasses::new(self)
    }

    /// Boot images.
    pub fn boot_images(&self) -> BootImages<'_> {
        BootImages::new(self)
    }

    /// Availability storages and their assignment to nodes.
    pub fn availability_storages(&self) -> AvailabilityStorages<'_> {
        AvailabilityStorages::new(self)
    }

    /// Power controls and their assignment to nodes.
    pub fn power_controls(&self) -> PowerControls<'_> {
        PowerControls::new(self)
    }

    /// Power of nodes.
    pub fn power(&self) -> Power<'_> {
        Power::new(self)
    }

    /// What nodes' devices say and are told beside power.
    pub fn devices(&self) -> Devices<'_> {
        Devices::new(self)
    }

    /// Operating systems of nodes.
    pub fn hosts(&self) -> Hosts<'_> {
        Hosts::new(self)
    }

    /// Signs of life of nodes' hosts.
    pub fn heartbeats(&self) -> Heartbeats<'_> {
        Heartbeats::new(self)
    }

    /// Audits of the cloud's aggregates.
    pub fn audits(&self) -> Audits<'_> {
        Audits::new(self)
    }

    /// Hosts of the cloud.
    pub fn cloud_hosts(&self) -> CloudHosts<'_> {
        CloudHosts::new(self)
    }

    /// Instances of the cloud.
    pub fn servers(&self) -> Servers<'_> {
        Servers::new(self)
    }

    /// Virtual controllers that nodes are bound to.
    pub fn virtual_controllers(&self) -> VirtualControllers<'_> {
        VirtualControllers::new(self)
    }

    /// Domains of the cloud's users.
    pub fn domains(&self) -> Domains<'_> {
        Domains::new(self)
    }

    /// Volumes on storage hosts.
    pub fn volumes(&self) -> Volumes<'_> {
        Volumes::new(self)
    }

    /// Tasks as seen by users and held by workers.
    pub fn tasks(&self) -> Tasks<'_> {
        Tasks::new(self)
    }

    /// What nobody could do.
    pub fn dead_letters(&self) -> DeadLetters<'_> {
        DeadLetters::new(self)
    }

    /// Whether tasks can be announced now; asks nobody.
    pub fn queue_link(&self) -> LinkState {
        self.inner.queue.link()
    }

    /// How the queue engine is; a broker that is away keeps no request from being stored.
    pub async fn queue_state(&self) -> QueueState {
        self.inner.queue.state().await
    }

    /// Whether Assay can serve: the database answers.
    pub async fn health(&self) -> Result<()> {
        self.store().ping().await
    }

    /// Ends what is open towards the broker and devices, before the process ends.
    pub async fn close(&self) {
        self.inner.queue.shutdown().await;
        // Evidence is worth a moment, not the end of the process.
        let _ = tokio::time::timeout(CLOSE_LIMIT, self.inner.recorder.flush()).await;
        self.inner.gate.shutdown(CLOSE_LIMIT).await;
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn recorder(&self) -> &evidence::Recorder {
        &self.inner.recorder
    }

    pub(crate) fn diagnosis_desk(&self) -> &diagnosis::Desk {
        &self.inner.diagnosis
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    pub(crate) fn desk(&self) -> &admission::Desk {
        &self.inner.desk
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.inner.pipeline
    }

    /// How many dry runs go on at a time.
    pub(crate) fn seats(&self) -> &dry_runs::Seats {
        &self.inner.seats
    }

    /// The stored rules, parsed.
    pub(crate) async fn current_rules(&self) -> Result<Arc<assay_hooks::CompiledRules>> {
        self.inner.rules.current(self.store()).await
    }

    pub(crate) async fn announce(&self, kind: TaskKind) {
        self.inner.queue.announce(kind.queue()).await;
    }
}
