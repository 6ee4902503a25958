//! Looking at the signs of life of all hosts, again and again.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use assay_domain::{
    AvailabilityStorage, BeatState, Heartbeat, Page, Result, StorageBeat, Timestamp, WatchedHost,
};

use super::silence;
use super::storages::{Signs, Storages};
use crate::App;

const ALL: Page = Page {
    offset: 0,
    limit: i64::MAX,
};

/// What one process has seen of hosts' signs of life. What it has not seen itself it does not judge.
#[derive(Default)]
pub struct HeartbeatWatch {
    storages: Storages,
    /// By the keys of node and storage.
    seen: HashMap<(i64, i64), Seen>,
    /// When silent hosts were judged last, by the nodes' keys.
    judged: HashMap<i64, Instant>,
}

/// The last sign of a host on a storage.
struct Seen {
    sign: Option<Vec<u8>>,
    changed: Moment,
    has_changed: bool,
}

/// One moment on both clocks: silence is measured on the one that nobody sets.
#[derive(Clone, Copy)]
struct Moment {
    instant: Instant,
    time: Timestamp,
}

impl HeartbeatWatch {
    /// Looks at all storages, keeps what has changed, and sees to the hosts that are silent on all of theirs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look(&mut self, app: &App) -> Result<()> {
        let settings = &app.settings().heartbeats;
        let hosts = app.store().watched_hosts(ALL).await?;
        let signs = self.storages.read(files(&hosts), settings.interval).await;
        let now = Moment {
            instant: Instant::now(),
            time: app.clock().now(),
        };
        self.forget_all_but(&hosts);
        let mut silent = Vec::new();
        for host in hosts {
            let mut heartbeat = host.heartbeat.clone();
            heartbeat.beats = self.beats(&host, &signs, now, settings.silence);
            if !heartbeat.is_silent() {
                heartbeat.verdict = None;
                if heartbeat.is_beating() {
                    heartbeat.task = None;
                }
                let _ = self.judged.remove(&host.node_id);
            } else if self.is_due(host.node_id, now, settings.silence) {
                silent.push((host, heartbeat));
                continue;
            }
            keep(app, &host, heartbeat).await?;
        }
        silence::judge(app, silent).await
    }

    fn beats(
        &mut self,
        host: &WatchedHost,
        signs: &HashMap<String, Signs>,
        now: Moment,
        silence: Duration,
    ) -> Vec<StorageBeat> {
        let storages = host.storages.iter();
        let beat = |storage: &AvailabilityStorage| {
            let of_storage = signs.get(&storage.controller_path);
            let (state, last, detail) = match of_storage {
                Some(Ok(signs)) => {
                    let sign = signs.get(&host.uuid);
                    let seen = self.seen.entry((host.node_id, storage.id));
                    let seen = seen.or_insert_with(|| Seen::first(sign, now));
                    (seen.next(sign, now, silence), seen.changed.time, None)
                }
                Some(Err(why)) => {
                    // When it can be read again, hosts have time to write again.
                    drop(self.seen.remove(&(host.node_id, storage.id)));
                    (BeatState::Unreadable, now.time, Some(why.clone()))
                }
                None => (BeatState::Unreadable, now.time, None),
            };
            let mut former = host.heartbeat.beats.iter();
            let same = |beat: &&StorageBeat| beat.storage_id == storage.id && beat.state == state;
            let since = match former.find(same) {
                Some(former) => former.since,
                None if state == BeatState::Silent => last,
                None => now.time,
            };
            StorageBeat {
                storage_id: storage.id,
                storage: storage.name.clone(),
                state,
                since,
                detail,
            }
        };
        storages.map(beat).collect()
    }

    /// Whether a silent host is to be judged: judging asks others, and is not done at every look.
    fn is_due(&mut self, node_id: i64, now: Moment, silence: Duration) -> bool {
        let last = self.judged.get(&node_id);
        let is_due = last.is_none_or(|last| now.instant - *last >= silence);
        if is_due {
            let _ = self.judged.insert(node_id, now.instant);
        }
        is_due
    }

    fn forget_all_but(&mut self, hosts: &[WatchedHost]) {
        let known: HashSet<i64> = hosts.iter().map(|host| host.node_id).collect();
        self.seen.retain(|(node_id, _), _| known.contains(node_id));
        self.judged.retain(|node_id, _| known.contains(node_id));
    }
}

impl Seen {
    fn first(sign: Option<&Vec<u8>>, now: Moment) -> Self {
        Self {
            sign: sign.cloned(),
            changed: now,
            has_changed: false,
        }
    }

    fn next(&mut self, sign: Option<&Vec<u8>>, now: Moment, silence: Duration) -> BeatState {
        if sign.is_some() && sign != self.sign.as_ref() {
            self.sign = sign.cloned();
            self.changed = now;
            self.has_changed = true;
        }
        if now.instant - self.changed.instant >= silence {
            BeatState::Silent
        } else if self.has_changed {
            BeatState::Beating
        } else {
            BeatState::Waiting
        }
    }
}

/// The files to be read on each storage, by its path.
fn files(hosts: &[WatchedHost]) -> HashMap<String, Vec<String>> {
    let mut files: HashMap<String, Vec<String>> = HashMap::new();
    for host in hosts {
        for storage in &host.storages {
            let of_storage = files.entry(storage.controller_path.clone()).or_default();
            of_storage.push(host.uuid.clone());
        }
    }
    files
}

/// Writes down what has changed of a host, and nothing else: most hosts beat, look after look.
pub(super) async fn keep(app: &App, host: &WatchedHost, heartbeat: Heartbeat) -> Result<()> {
    if heartbeat == host.heartbeat {
        return Ok(());
    }
    let (was, is) = (host.heartbeat.is_silent(), heartbeat.is_silent());
    if was != is {
        tracing::info!(
            node = host.uuid,
            is_silent = is,
            "a host's signs of life on its storages have changed"
        );
    }
    app.store().keep_heartbeat(host.node_id, heartbeat).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_judged_from_the_first_look_on() {
        let silence = Duration::from_secs(60);
        let start = Instant::now();
        let at = |seconds: u64| Moment {
            instant: start + Duration::from_secs(seconds),
            time: Timestamp::default(),
        };
        let [one, two] = [b"1".to_vec(), b"2".to_vec()];
        let mut seen = Seen::first(Some(&one), at(0));
        let mut next = |sign, seconds| seen.next(sign, at(seconds), silence);
        assert_eq!(next(Some(&one), 10), BeatState::Waiting);
        assert_eq!(next(Some(&two), 20), BeatState::Beating);
        assert_eq!(next(Some(&two), 79), BeatState::Beating);
        assert_eq!(next(None, 80), BeatState::Silent);
        assert_eq!(next(Some(&one), 90), BeatState::Beating);

        let mut never = Seen::first(None, at(0));
        assert_eq!(never.next(None, at(59), silence), BeatState::Waiting);
        assert_eq!(never.next(None, at(60), silence), BeatState::Silent);
    }
}
