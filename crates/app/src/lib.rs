//! The use cases: decisions and transactions of Assay, called by dialects and by workers.
//!
//! Every use case that a person asks for takes the [`assay_domain::Actor`] first and checks the
//! role. API handlers record intent; only what a worker calls changes a machine.
#![forbid(unsafe_code)]

mod boot;
mod clock;
mod fleet;
mod identity;
mod introspections;
mod lookup;
mod node_guard;
mod nodes;
mod ping;
mod power;
mod power_controls;
mod rule_cache;
mod rules;
mod settings;
mod target;
mod tasks;
mod work;

use std::sync::Arc;

use assay_domain::{Result, TaskKind};
use assay_drivers::Gate;
use assay_hooks::Pipeline;
use assay_queue::Queue;
use assay_store::Store;

pub use boot::{Admission, Boot, BootDecision};
pub use clock::Clock;
pub use fleet::{Fleet, FleetStatus, Member, Presence};
pub use identity::{Identities, Identity, Login};
pub use introspections::{IntrospectionDetail, Introspections, StartOptions};
pub use nodes::{NodeDetail, Nodes};
pub use power::Power;
pub use power_controls::{PowerControlDetail, PowerControls};
pub use rules::{RuleDraft, Rules};
pub use settings::{AuthMode, BodyLimits, BootSettings, RateLimits, Settings};
pub use tasks::Tasks;
pub use work::Outcome;

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
    rules: rule_cache::RuleCache,
}

impl App {
    /// Puts the use cases over a store, a queue engine, the gate to all devices and the hooks.
    pub fn new(
        store: Store,
        queue: Arc<dyn Queue>,
        gate: Gate,
        pipeline: Pipeline,
        settings: Settings,
        clock: Clock,
    ) -> Self {
        let identities = identity::Caches::new(&store);
        Self {
            inner: Arc::new(Inner {
                process_id: fleet::new_process_id(),
                store,
                queue,
                gate,
                pipeline,
                settings,
                clock,
                identities,
                rules: rule_cache::RuleCache::default(),
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

    /// Users, tokens and passwords.
    pub fn identity(&self) -> Identities<'_> {
        Identities::new(self)
    }

    /// Introspections.
    pub fn introspections(&self) -> Introspections<'_> {
        Introspections::new(self)
    }

    /// What booting machines and their agents ask for.
    pub fn boot(&self) -> Boot<'_> {
        Boot::new(self)
    }

    /// Introspection rules.
    pub fn rules(&self) -> Rules<'_> {
        Rules::new(self)
    }

    /// Nodes.
    pub fn nodes(&self) -> Nodes<'_> {
        Nodes::new(self)
    }

    /// Power controls and their assignment to nodes.
    pub fn power_controls(&self) -> PowerControls<'_> {
        PowerControls::new(self)
    }

    /// Power of nodes.
    pub fn power(&self) -> Power<'_> {
        Power::new(self)
    }

    /// Tasks as seen by users and held by workers.
    pub fn tasks(&self) -> Tasks<'_> {
        Tasks::new(self)
    }

    /// Whether Assay can serve: the database answers.
    pub async fn health(&self) -> Result<()> {
        self.store().ping().await
    }

    /// Ends what is open towards devices, before the process ends.
    pub async fn close(&self) {
        self.inner.gate.shutdown(CLOSE_LIMIT).await;
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.inner.pipeline
    }

    /// The stored rules, parsed.
    pub(crate) async fn current_rules(&self) -> Result<Arc<assay_hooks::CompiledRules>> {
        self.inner.rules.current(self.store()).await
    }

    pub(crate) async fn announce(&self, kind: TaskKind) {
        self.inner.queue.announce(kind.queue()).await;
    }
}
