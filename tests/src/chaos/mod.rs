//! The chaos run: a fleet does introspections while its processes, its database, its broker and its
//! cables are killed and cut at random, and then a judge says whether anything was lost or done
//! twice. The moments and victims come from a seed. To be run inside an arena.

mod bmcs;
mod counts;
mod deaths;
mod faults;
mod judge;
mod load;
mod members;
mod plan;
mod report;
mod resets;
mod stage;
mod supervisor;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use bmcs::{BmcOptions, BmcReport, run as run_bmcs};
pub use plan::{Deed, Fault, Victim};
pub use report::{Figures, Report};

use deaths::Deaths;
use load::Load;
use resets::Resets;
use stage::Stage;

/// The size of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Introspections that are asked for, and answered with a 202.
    pub introspections: usize,
    /// Kills (SIGKILL), of any process; restarts and cut cables come on top.
    pub kills: usize,
    /// Simulated machines that are introspected over and over.
    pub machines: usize,
    /// Introspections that run at a time.
    pub at_a_time: usize,
    /// API servers.
    pub apis: usize,
    /// Workers.
    pub workers: usize,
    /// From which the moments and victims come.
    pub seed: u64,
    /// Where the logs of a run that went wrong are put.
    pub logs: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            introspections: 500,
            kills: 24,
            machines: 125,
            at_a_time: 40,
            apis: 2,
            workers: 3,
            seed: 1,
            logs: None,
        }
    }
}

/// How long the fleet may take, once it is left alone, until everything has ended.
const SETTLE: Duration = Duration::from_mins(2);

/// Runs it in this folder of an arena and gives what the judge says.
pub async fn run(options: Options, folder: &Path) -> Report {
    let began = Instant::now();
    let mut figures = Figures::default();
    let stage = Arc::new(Stage::set(&options, folder).await);
    figures.set_up = began.elapsed();
    let deaths = Deaths::watch(&stage);
    let mut load = Load::new(&stage, options.introspections, options.at_a_time);
    let resets = Resets::start(&stage);
    let supervisor = supervisor::start(&stage, deaths.hearing());
    let working = Instant::now();
    let script = plan::plan(&options);
    let faults = faults::play(&stage, script, load.progress(), deaths.hearing());
    load.run().await;
    figures.done = faults.await.unwrap_or_default();
    resets.stop().await;
    figures.working = working.elapsed();
    let settling = Instant::now();
    let ended = load.settle(SETTLE).await;
    figures.settling = settling.elapsed();
    supervisor.abort();
    let fates = deaths.end().await;
    let report = judge::judge(&stage, &load, ended, fates, figures).await;
    stage.keep_logs(&report, options.logs.as_deref());
    report
}
