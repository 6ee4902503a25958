//! A full sync: one worker reads the power of ten thousand nodes, none of which was read before.

use std::time::{Duration, Instant};

use assay_tests::simulated::{Simulated, own_address};
use assay_tests::wait;

use crate::figures::Figures;
use crate::power_on::enrol;
use crate::rig::Rig;

/// Nodes that are read.
const NODES: usize = 10_000;
/// How long it may take.
const LIMIT: Duration = Duration::from_mins(5);

const READ: &str = "SELECT count(*) FROM power_observations WHERE observed_at IS NOT NULL";

/// From the worker's start until every node has been read.
pub(crate) async fn power_sync(figures: &mut Figures) {
    let mut rig = Rig::start(1).await;
    rig.kill_worker(0);
    let simulated = Simulated::start(&own_address(1), &[("--ipmi", NODES)], &[]);
    let began = Instant::now();
    let _ = enrol(rig.client(), &simulated.bmcs).await;
    let enrolled = began.elapsed().as_secs_f64();
    figures.note("10,000 nodes with IPMI BMCs enrolled, s", enrolled, "-");
    rig.start_worker(0);
    let began = Instant::now();
    let read = async || rig.count(READ).await;
    wait::until_is("all are read", LIMIT, read, |read| *read == NODES).await;
    let took = began.elapsed().as_secs_f64();
    figures.note("full sync of 10,000 nodes, s", took, "under 60");
    rig.memory(figures, "after a full sync");
}
