//! Reads the power of nodes whose turn it is, many at a time. Nodes that did not answer last are read
//! beside the others, so that waiting for them holds up nobody.

use std::sync::Arc;
use std::time::Duration;

use assay_app::{App, NodeFeeds};
use assay_domain::PowerReading;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often it is looked whose turn it is.
const LOOK: Duration = Duration::from_millis(250);
/// How many readings are stored at a time at most.
const BATCH: usize = 512;
/// How long readings are gathered before they are stored.
const GATHER: Duration = Duration::from_millis(100);
/// How long readings may go on after a stop is asked for.
const GRACE: Duration = Duration::from_secs(10);

/// Nodes that are read beside others, and how many of them at a time.
struct Side {
    living: bool,
    slots: Arc<Semaphore>,
}

/// Reads until `stop` is cancelled.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let settings = &app.settings().power_sync;
    if !settings.enabled {
        return;
    }
    let sides = [true, false].map(|living| Side {
        living,
        slots: Arc::new(Semaphore::new(settings.in_flight.max(1))),
    });
    let (found, gathered) = mpsc::channel(BATCH);
    let mut readings = JoinSet::new();
    let mut keeper = JoinSet::new();
    keeper.spawn(keep(app.clone(), gathered));
    let mut failing = false;
    while !stop.is_cancelled() {
        while readings.try_join_next().is_some() {}
        let mut is_busy = false;
        for side in &sides {
            is_busy |= begin(&app, side, &found, &mut readings, &mut failing).await;
        }
        if !is_busy {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }
    drop(found);
    let ended = async {
        while readings.join_next().await.is_some() {}
        while keeper.join_next().await.is_some() {}
    };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("readings of power were left off; their nodes are read again");
    }
}

/// Begins as many readings as there are free slots; gives whether there may be more to begin at once.
async fn begin(
    app: &App,
    side: &Side,
    found: &mpsc::Sender<PowerReading>,
    readings: &mut JoinSet<()>,
    failing: &mut bool,
) -> bool {
    let free = side.slots.available_permits().min(BATCH / 2);
    if free == 0 {
        return false;
    }
    let limit = i64::try_from(free).unwrap_or(i64::MAX);
    let nodes = match app.power_sync().claim(side.living, limit).await {
        Ok(nodes) => nodes,
        Err(error) => {
            if !*failing {
                tracing::warn!(%error, "it is not known whose power is to be read");
            }
            *failing = true;
            return false;
        }
    };
    *failing = false;
    let is_full = nodes.len() == free;
    // Many that began at once would keep requests waiting for connections to the database.
    let apart = match u32::try_from(nodes.len()) {
        Ok(count) if count > 0 && !is_full => LOOK / count,
        _ => Duration::ZERO,
    };
    for (node, place) in nodes.into_iter().zip(0..) {
        let Ok(slot) = Arc::clone(&side.slots).acquire_owned().await else {
            return false;
        };
        let (app, found) = (app.clone(), found.clone());
        readings.spawn(async move {
            tokio::time::sleep(apart * place).await;
            read(&app, &node, &found).await;
            drop(slot);
        });
    }
    is_full
}

async fn read(app: &App, node: &NodeFeeds, found: &mpsc::Sender<PowerReading>) {
    if let Some(reading) = app.power_sync().read(node).await {
        // The keeper ends after all senders.
        let _ = found.send(reading).await;
    }
}

/// Stores readings, many at a time.
async fn keep(app: App, mut gathered: mpsc::Receiver<PowerReading>) {
    let mut readings = Vec::with_capacity(BATCH);
    while gathered.recv_many(&mut readings, BATCH).await > 0 {
        if readings.len() < BATCH {
            tokio::time::sleep(GATHER).await;
            while readings.len() < BATCH
                && let Ok(reading) = gathered.try_recv()
            {
                readings.push(reading);
            }
        }
        if let Err(error) = app.power_sync().keep(std::mem::take(&mut readings)).await {
            tracing::warn!(%error, "readings of power were lost; their nodes are read again");
        }
    }
}
