//! The worker: claims tasks, keeps its hold on them, runs them, and sweeps up what lost its owner.
#![forbid(unsafe_code)]

mod admission;
mod chores;
mod dispatch;
mod health;
mod heartbeats;
mod held;
mod leased;
mod pool;
mod power_sync;
mod recorder;

use assay_app::App;
use assay_domain::TaskKind;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use health::Health;
use held::Held;
use pool::Worker;
use recorder::Recorder;

/// Works until `stop` is cancelled, then finishes what it holds or hands it back.
pub async fn run(app: App, stop: CancellationToken) {
    let owner = app.process_id().to_owned();
    tracing::info!(owner, "worker started");
    let worker = Worker {
        app: app.clone(),
        owner: owner.clone(),
        held: Held::default(),
        recorder: Recorder::start(app.clone(), owner.clone()),
        stop: stop.clone(),
    };
    let mut loops = JoinSet::new();
    for class in classes() {
        loops.spawn(pool::run(worker.clone(), class));
    }
    let heart = tokio::spawn(held::beat(app.clone(), owner.clone(), worker.held));
    loops.spawn(admission::run(app.clone(), stop.clone()));
    loops.spawn(power_sync::run(app.clone(), stop.clone()));
    loops.spawn(heartbeats::run(app.clone(), stop.clone()));
    loops.spawn(chores::run(app, stop));
    while loops.join_next().await.is_some() {}
    heart.abort();
    tracing::info!(owner, "worker stopped");
}

fn classes() -> Vec<&'static str> {
    let mut classes: Vec<&'static str> = TaskKind::ALL.into_iter().map(TaskKind::queue).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}
