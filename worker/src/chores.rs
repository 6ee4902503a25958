//! The chores that one worker of the fleet does for all: ending what is late or lost its owner, and
//! deleting what is old. Whoever holds the lease does them; when it dies, another one takes over.

use std::time::Duration;

use assay_app::{App, Settings};
use assay_domain::Result;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::leased;

/// The lease that all chores are done under.
const LEASE: &str = "sweeps";

/// Something to be done now and then, by one process.
struct Chore {
    name: &'static str,
    every: fn(&Settings) -> Duration,
    work: fn(&App) -> BoxFuture<'_, Result<()>>,
}

/// All chores.
const CHORES: [Chore; 10] = [
    Chore {
        name: "end introspections that are late or lost their task",
        every: |settings| settings.sweep_interval,
        work: |app| sweep(app).boxed(),
    },
    Chore {
        name: "end power actions whose task is over",
        every: |settings| settings.sweep_interval,
        work: |app| async { app.power().tidy().await }.boxed(),
    },
    Chore {
        name: "look at introspections past the limit of their phase",
        every: |settings| settings.diagnosis.interval,
        work: |app| async { app.diagnoses().watch().await.map(drop) }.boxed(),
    },
    Chore {
        name: "delete old evidence of strangers",
        every: |_| Duration::from_secs(60),
        work: |app| async { app.diagnoses().prune().await.map(drop) }.boxed(),
    },
    Chore {
        name: "delete old tasks",
        every: |settings| settings.sweep_interval,
        work: |app| async { app.tasks().prune().await.map(drop) }.boxed(),
    },
    Chore {
        name: "forget revoked tokens that have ended",
        every: |_| Duration::from_secs(600),
        work: |app| async { app.identity().prune_revoked_tokens().await.map(drop) }.boxed(),
    },
    Chore {
        name: "delete what has expired of discovery",
        every: |settings| settings.sweep_interval,
        work: |app| async { app.discovery().tidy().await }.boxed(),
    },
    Chore {
        name: "delete old alarms",
        every: |settings| settings.sweep_interval,
        work: |app| async { app.alarms().prune().await.map(drop) }.boxed(),
    },
    Chore {
        name: "look whether hosts are as they were set",
        every: |settings| settings.hosts.keep_interval / 10,
        work: |app| async { app.hosts().keep_all().await }.boxed(),
    },
    Chore {
        name: "forget processes that are gone",
        every: |_| Duration::from_secs(60),
        work: |app| async { app.fleet().tidy().await }.boxed(),
    },
];

/// Does the chores whenever this process holds their lease, until `stop` is cancelled.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    leased::run(&app, LEASE, &stop, || work(&app)).await;
}

/// Does each chore when it is due; never ends.
async fn work(app: &App) {
    let mut due = CHORES.map(|_| Instant::now());
    loop {
        for (chore, due) in CHORES.iter().zip(&mut due) {
            if *due > Instant::now() {
                continue;
            }
            if let Err(error) = (chore.work)(app).await {
                tracing::error!(%error, chore = chore.name, "a chore failed");
            }
            *due = Instant::now() + (chore.every)(app.settings());
        }
        if let Some(next) = due.iter().min() {
            tokio::time::sleep_until(*next).await;
        }
    }
}

async fn sweep(app: &App) -> Result<()> {
    let ended = app.introspections().sweep().await?;
    if ended > 0 {
        tracing::info!(ended, "swept introspections");
    }
    Ok(())
}
