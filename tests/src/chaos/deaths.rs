//! Follows every task whose worker was killed or cut off, until somebody alive has it or it has
//! ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_store::testing::postgres_rows;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::faults::News;
use super::stage::Stage;

/// How often the tasks are looked at; what is measured is late by at most this.
const LOOK: Duration = Duration::from_millis(500);

/// A worker's name and the end of its lease. One that was cut off and comes back, or still reaches
/// the database, renews it; one that was killed cannot.
type Hold = (String, String);

/// A task that lost its worker.
#[derive(Debug, Clone)]
pub(super) struct Orphan {
    /// Its key.
    id: i64,
    /// What it does.
    pub(super) kind: String,
    /// Who held it, and until when.
    hold: Hold,
    /// When its worker was lost.
    since: Instant,
    /// When a worker had it again, or it had ended.
    taken: Option<Instant>,
    /// When it had ended, or its next worker was lost as well.
    through: Option<Instant>,
}

/// What is known of all orphans at the end of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Fates {
    pub(super) orphans: usize,
    /// Never taken up nor ended.
    pub(super) forgotten: Vec<String>,
    /// From a worker's death until a living one had its task, without the time in which database or
    /// broker were down: all of them, sorted, each with the task in words.
    pub(super) taken: Vec<(Duration, String)>,
    /// From a worker's death until its task had ended, likewise.
    pub(super) through: Vec<Duration>,
}

/// The watcher.
pub(super) struct Deaths {
    sender: mpsc::UnboundedSender<News>,
    task: JoinHandle<Fates>,
}

impl Deaths {
    /// Begins to watch.
    pub(super) fn watch(stage: &Arc<Stage>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let watcher = Watcher {
            url: stage.database_url.clone(),
            orphans: Vec::new(),
            outages: Vec::new(),
            unread: Vec::new(),
        };
        let task = tokio::task::spawn_blocking(move || watcher.follow(receiver));
        Self { sender, task }
    }

    /// To whom deaths are told.
    pub(super) fn hearing(&self) -> mpsc::UnboundedSender<News> {
        self.sender.clone()
    }

    /// Ends the watch.
    pub(super) async fn end(self) -> Fates {
        drop(self.sender);
        self.task.await.unwrap()
    }
}

struct Watcher {
    url: String,
    orphans: Vec<Orphan>,
    outages: Vec<(Instant, Instant)>,
    /// Losses whose tasks could not be read yet, because the database was down.
    unread: Vec<(u32, Instant)>,
}

impl Watcher {
    fn follow(mut self, mut news: mpsc::UnboundedReceiver<News>) -> Fates {
        loop {
            let is_over = self.hear(&mut news);
            self.read_losses();
            self.look();
            if is_over {
                return self.fates();
            }
            super::faults::pause(LOOK);
        }
    }

    /// Takes all news; true when there will be no more.
    fn hear(&mut self, news: &mut mpsc::UnboundedReceiver<News>) -> bool {
        loop {
            match news.try_recv() {
                Ok(News::Lost { pid, at }) => self.unread.push((pid, at)),
                Ok(News::Outage { from, to }) => self.outages.push((from, to)),
                Err(mpsc::error::TryRecvError::Empty) => return false,
                Err(mpsc::error::TryRecvError::Disconnected) => return true,
            }
        }
    }

    /// Finds the tasks of those who were lost. A process says its number in its name.
    fn read_losses(&mut self) {
        let unread = std::mem::take(&mut self.unread);
        for (pid, at) in unread {
            let query = format!(
                "SELECT id, kind, lease_owner, lease_expires FROM tasks \
                 WHERE finished_at IS NULL AND lease_owner LIKE '%-{pid}-%'"
            );
            let Ok(rows) = postgres_rows(&self.url, &query) else {
                self.unread.push((pid, at));
                continue;
            };
            for row in rows {
                self.lose(&row, at);
            }
        }
    }

    fn lose(&mut self, row: &Value, since: Instant) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let id = row["id"].as_i64().unwrap_or_default();
        for earlier in self.orphans.iter_mut().filter(|orphan| orphan.id == id) {
            // Its next worker was lost as well: the time begins anew.
            earlier.taken.get_or_insert(since);
            earlier.through.get_or_insert(since);
        }
        self.orphans.push(Orphan {
            id,
            kind: text("kind"),
            hold: hold(row),
            since,
            taken: None,
            through: None,
        });
    }

    fn look(&mut self) {
        let open: Vec<String> = self
            .orphans
            .iter()
            .filter(|orphan| orphan.through.is_none())
            .map(|orphan| orphan.id.to_string())
            .collect();
        if open.is_empty() {
            return;
        }
        let query = format!(
            "SELECT id, lease_owner, lease_expires, finished_at IS NOT NULL AS ended, lease_expires > \
             (now() AT TIME ZONE 'UTC') AS held FROM tasks WHERE id IN ({})",
            open.join(",")
        );
        let Ok(rows) = postgres_rows(&self.url, &query) else {
            return;
        };
        let now = Instant::now();
        for orphan in self.orphans.iter_mut().filter(|one| one.through.is_none()) {
            let Some(row) = rows.iter().find(|row| row["id"] == orphan.id) else {
                continue;
            };
            if row["ended"] == true {
                orphan.taken.get_or_insert(now);
                orphan.through = Some(now);
            } else if row["held"] == true && hold(row) != orphan.hold {
                orphan.taken.get_or_insert(now);
            }
        }
    }

    fn fates(self) -> Fates {
        let mut fates = Fates {
            orphans: self.orphans.len(),
            ..Fates::default()
        };
        for orphan in &self.orphans {
            let time = |to: Instant| self.without_outages(orphan.since, to);
            let task = format!("{} {} of {}", orphan.kind, orphan.id, orphan.hold.0);
            match orphan.taken {
                Some(taken) => fates.taken.push((time(taken), task)),
                None => fates.forgotten.push(task),
            }
            fates.through.extend(orphan.through.map(time));
        }
        fates.taken.sort();
        fates.through.sort();
        fates
    }

    /// How long it was from one moment to another, without the time in which nobody could work.
    fn without_outages(&self, from: Instant, to: Instant) -> Duration {
        let mut outages: Vec<(Instant, Instant)> = self
            .outages
            .iter()
            .map(|(begin, end)| (*begin.max(&from), *end.min(&to)))
            .filter(|(begin, end)| begin < end)
            .collect();
        outages.sort();
        let (mut out, mut seen) = (Duration::ZERO, from);
        for (begin, end) in outages {
            out += end.saturating_duration_since(begin.max(seen));
            seen = seen.max(end);
        }
        (to - from).saturating_sub(out)
    }
}

fn hold(row: &Value) -> Hold {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("lease_owner"), text("lease_expires"))
}
