//! The work that the fleet is given: introspections of all machines, over and over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::Value;
use tokio::sync::watch;

use super::stage::Stage;
use crate::client::{Reply, try_send};

/// How often the list of introspections is read.
const LOOK: Duration = Duration::from_millis(700);
/// Starts that are asked for at a time.
const STARTS: usize = 8;
/// Without any start for this long, the fleet is taken for stuck.
const PATIENCE: Duration = Duration::from_mins(3);

/// What is known from outside of a node's introspections.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    /// Answered with a 202.
    pub(super) promised: usize,
    /// Not answered, or with an error of the server: it may run or not.
    pub(super) unknown: usize,
}

/// The load of one run.
pub(super) struct Load {
    stage: Arc<Stage>,
    wanted: usize,
    at_a_time: usize,
    /// In the order of the stage's members.
    pub(super) asked: Vec<Asked>,
    progress: watch::Sender<usize>,
    /// Answers that nothing explains.
    pub(super) surprises: Vec<String>,
}

/// What came of asking for an introspection.
enum Start {
    Promised,
    /// Refused for a good reason: one is still running.
    Busy,
    Unknown,
    Surprise(String),
}

impl Load {
    pub(super) fn new(stage: &Arc<Stage>, wanted: usize, at_a_time: usize) -> Self {
        Self {
            stage: Arc::clone(stage),
            wanted,
            at_a_time,
            asked: vec![Asked::default(); stage.members.len()],
            progress: watch::Sender::new(0),
            surprises: Vec::new(),
        }
    }

    /// How many introspections were accepted so far.
    pub(super) fn progress(&self) -> watch::Receiver<usize> {
        self.progress.subscribe()
    }

    /// Has introspections started until all that are wanted are accepted.
    pub(super) async fn run(&mut self) {
        let mut last = Instant::now();
        while self.promised() < self.wanted {
            assert!(last.elapsed() < PATIENCE, "no introspection is accepted");
            if let Some(running) = self.running().await {
                let before = self.promised();
                self.start_some(&running).await;
                if self.promised() > before {
                    last = Instant::now();
                    self.progress.send_replace(self.promised());
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until every introspection has ended; false when that is not so within `limit`.
    pub(super) async fn settle(&self, limit: Duration) -> bool {
        let began = Instant::now();
        while began.elapsed() < limit {
            let running = self.running().await;
            if running.is_some_and(|running| running.values().all(|running| !running)) {
                return true;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }

    /// All accepted so far.
    pub(super) fn promised(&self) -> usize {
        self.asked.iter().map(|asked| asked.promised).sum()
    }

    /// Which nodes have an introspection, and whether it runs; none when nobody answers.
    async fn running(&self) -> Option<HashMap<String, bool>> {
        let mut running = HashMap::new();
        let mut query = "?limit=1000".to_owned();
        loop {
            let path = format!("/v1/introspection{query}");
            let reply = self.stage.client.try_get(&path).await.ok();
            let reply = reply.filter(|reply| reply.status == 200)?;
            let page = reply.json();
            let page = page["introspection"].as_array()?;
            let Some(last) = page.last() else {
                return Some(running);
            };
            query = format!("?limit=1000&marker={}", last["uuid"].as_str()?);
            let entry = |one: &Value| {
                let uuid = one["uuid"].as_str().unwrap_or_default().to_owned();
                (uuid, one["finished"] != true)
            };
            running.extend(page.iter().map(entry));
            if page.len() < 1000 {
                return Some(running);
            }
        }
    }

    /// Starts introspections of nodes that have none, of those first that had fewest.
    async fn start_some(&mut self, running: &HashMap<String, bool>) {
        let busy = running.values().filter(|running| **running).count();
        let left = self.wanted - self.promised();
        let room = self.at_a_time.saturating_sub(busy).min(left);
        let is_idle = |number: &usize| {
            let uuid = &self.stage.members[*number].node.uuid;
            !running.get(uuid).copied().unwrap_or(false)
        };
        let mut idle: Vec<usize> = (0..self.asked.len()).filter(is_idle).collect();
        idle.sort_by_key(|number| self.asked[*number].promised + self.asked[*number].unknown);
        idle.truncate(room);
        let stage = &self.stage;
        let starts = idle.into_iter().map(|number| async move {
            (number, start(stage, &stage.members[number].node.uuid).await)
        });
        let starts: Vec<_> = futures::stream::iter(starts)
            .buffer_unordered(STARTS)
            .collect()
            .await;
        for (number, start) in starts {
            match start {
                Start::Promised => self.asked[number].promised += 1,
                Start::Unknown => self.asked[number].unknown += 1,
                Start::Busy => {}
                Start::Surprise(text) => self.surprises.push(text),
            }
        }
    }
}

async fn start(stage: &Stage, node: &str) -> Start {
    let request = stage
        .client
        .request(reqwest::Method::POST, &format!("/v1/introspection/{node}"))
        .header("Content-Length", "0")
        .timeout(Duration::from_secs(20));
    let Ok(Reply { status, body, .. }) = try_send(request).await else {
        return Start::Unknown;
    };
    match status {
        202 => Start::Promised,
        409 => Start::Busy,
        500..=599 => Start::Unknown,
        other => Start::Surprise(format!(
            "a start was answered with {other}: {}",
            String::from_utf8_lossy(&body)
        )),
    }
}
