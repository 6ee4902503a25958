//! Does to the fleet what the plan says, and mends it again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::plan::{Deed, Fault, Victim};
use super::stage::Stage;
use crate::program::Program;

/// Something the watcher of deaths has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// The process of this number has lost what it held, or cannot be reached any more.
    Lost {
        /// Process number.
        pid: u32,
        /// When.
        at: Instant,
    },
    /// Database or broker were down; nobody could work meanwhile.
    Outage {
        /// Since when.
        from: Instant,
        /// When they were back.
        to: Instant,
    },
}

/// A fault that was played.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) fault: Fault,
    /// How long its victim was away.
    pub(super) away: Duration,
}

/// Plays the faults as the load proceeds; gives those that hit somebody.
pub(super) fn play(
    stage: &Arc<Stage>,
    faults: Vec<Fault>,
    mut progress: watch::Receiver<usize>,
    news: mpsc::UnboundedSender<News>,
) -> JoinHandle<Vec<Played>> {
    let stage = Arc::clone(stage);
    tokio::spawn(async move {
        let mut running = JoinSet::new();
        // One thing at a time is done to the broker.
        let broker = Arc::new(Mutex::new(()));
        for fault in faults {
            if progress.wait_for(|done| *done >= fault.at).await.is_err() {
                break;
            }
            let (stage, news, broker) = (Arc::clone(&stage), news.clone(), Arc::clone(&broker));
            // Each has a thread of its own: starting a process blocks.
            running.spawn_blocking(move || one(&stage, fault, &broker, &news));
        }
        running.join_all().await
    })
}

fn one(
    stage: &Stage,
    fault: Fault,
    broker: &Mutex<()>,
    news: &mpsc::UnboundedSender<News>,
) -> Played {
    let away = match fault.victim {
        Victim::Api(number) => process(&stage.apis[number], &fault, news),
        Victim::Worker(number) => process(&stage.workers[number], &fault, news),
        Victim::Database => outage(news, || {
            let mut database = lock(&stage.database);
            match fault.deed {
                Deed::Kill => database.kill(),
                Deed::Restart | Deed::Cut(_) => database.stop(),
            }
            .unwrap();
            pause(fault.lasts);
            database.start_again().unwrap();
        }),
        Victim::Broker => {
            let _only_one = lock(broker);
            outage(news, || broker_away(stage, &fault))
        }
    };
    Played { fault, away }
}

/// The broker's own commands wait, so they run on this thread.
fn broker_away(stage: &Stage, fault: &Fault) {
    let runtime = Handle::current();
    let ended = match fault.deed {
        Deed::Kill => runtime.block_on(stage.broker.kill()),
        Deed::Restart | Deed::Cut(_) => runtime.block_on(stage.broker.stop()),
    };
    ended.unwrap();
    pause(fault.lasts);
    runtime.block_on(stage.broker.start_again()).unwrap();
}

fn outage(news: &mpsc::UnboundedSender<News>, body: impl FnOnce()) -> Duration {
    let from = Instant::now();
    body();
    let to = Instant::now();
    let _ = news.send(News::Outage { from, to });
    to - from
}

fn process(victim: &Mutex<Program>, fault: &Fault, news: &mpsc::UnboundedSender<News>) -> Duration {
    let mut program = lock(victim);
    let at = Instant::now();
    let Some(pid) = program.pid() else {
        return Duration::ZERO;
    };
    let lost = News::Lost { pid, at };
    match &fault.deed {
        Deed::Kill | Deed::Restart => {
            program.kill();
            let _ = news.send(lost);
            pause(fault.lasts);
            restart(&mut program);
        }
        Deed::Cut(cables) => {
            let place = program.launch().place.clone();
            let place = place.expect("a process that is cut has a place");
            for cable in cables {
                place.cut(*cable);
            }
            let _ = news.send(lost);
            pause(fault.lasts);
            for cable in cables {
                place.mend(*cable);
            }
        }
    }
    at.elapsed()
}

/// Starts a process until it stays, as a supervisor does: while the database is down it ends at once.
pub(super) fn restart(program: &mut Program) {
    let began = Instant::now();
    loop {
        match program.try_start() {
            Ok(_) => return,
            Err(error) => {
                let limit = Duration::from_mins(2);
                assert!(began.elapsed() < limit, "it does not start: {error}");
                pause(Duration::from_secs(1));
            }
        }
    }
}

/// A blocking thread's rest.
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// A lock that a failed thread has left behind is taken all the same.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
