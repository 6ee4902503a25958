//! dnsmasq, told by files in the folder that it reads as `dhcp-hostsdir`.
//!
//! What holds for dnsmasq 2.90, each tried against it:
//! - It reads a file when it is new, renamed into place or written and closed, within milliseconds.
//!   Names that begin with `.` are skipped.
//! - Each reading adds hosts; none goes before a SIGHUP or a restart, not even when its file is
//!   deleted. The newest one for an address wins, so a machine is refused by a newer `MAC,ignore`,
//!   and that file must stay until dnsmasq has read it.
//! - A host with the whole address goes before one with wildcards, whichever is newer; among equal
//!   wildcards the newest wins.
//! - After a SIGHUP or a restart the files alone count, whatever was said before.
//! - A host in such a file must not have a tag (`set:`): the next SIGHUP ends dnsmasq with a
//!   segmentation fault.
//!
//! So there is one file per network card, `assay-525400abcd01`, and `assay-others` for all others,
//! each with one line. Together they are the state; other files in the folder are left alone.

mod folder;
mod line;
mod plan;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use assay_domain::admission::{AdmissionError, PxeAdmission, Wanted};
use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use folder::{Folder, Found};
use line::{Line, Subject};
use plan::Plan;

const NAME: &str = "dnsmasq";

/// Files that are written at a stretch. Linux drops notices of changes when 16384 wait for their
/// reader, and dnsmasq would never know.
const STRETCH: usize = 2000;
/// The folder is read again after this long, though its time of change says that nothing was put in
/// or removed: two changes within a tick of the clock look like one, and a file can be written over.
const REREAD: Duration = Duration::from_secs(60);
/// How long dnsmasq gets to read a stretch.
const PAUSE: Duration = Duration::from_millis(100);

/// The driver `dnsmasq`.
#[derive(Debug)]
pub struct Dnsmasq {
    folder: Arc<Folder>,
    seen: Mutex<Option<Seen>>,
}

/// The folder as it was left.
#[derive(Debug)]
struct Seen {
    files: BTreeMap<Subject, Found>,
    modified: Option<SystemTime>,
    read_at: Instant,
}

impl Seen {
    fn is_good(&self, modified: SystemTime) -> bool {
        self.modified == Some(modified) && self.read_at.elapsed() < REREAD
    }
}

impl Dnsmasq {
    /// Writes to this folder, which must exist when something is applied.
    pub fn new(hostsdir: PathBuf) -> Self {
        Self {
            folder: Arc::new(Folder::new(hostsdir)),
            seen: Mutex::new(None),
        }
    }

    async fn on_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, AdmissionError> + Send + 'static,
    ) -> Result<T, AdmissionError> {
        let folder = Arc::clone(&self.folder);
        spawn_blocking(move || work(&folder))
            .await
            .unwrap_or_else(|error| {
                Err(AdmissionError::CutOff {
                    driver: NAME,
                    reason: error.to_string(),
                })
            })
    }

    /// The folder as it is: as it was left, unless its time of change says otherwise.
    async fn look(&self, left: Option<Seen>) -> Result<Seen, AdmissionError> {
        self.on_files(move |folder| {
            let modified = folder.modified()?;
            match left {
                Some(seen) if seen.is_good(modified) => Ok(seen),
                _ => Ok(Seen {
                    files: folder.read()?,
                    modified: Some(modified),
                    read_at: Instant::now(),
                }),
            }
        })
        .await
    }

    async fn follow(&self, plan: Plan, seen: &mut Seen) -> Result<(), AdmissionError> {
        let mut stretches = plan.writes.chunks(STRETCH).peekable();
        while let Some(stretch) = stretches.next() {
            let writes: Vec<(Subject, Line)> = stretch.to_vec();
            let written = self
                .on_files(move |folder| {
                    let write = |(subject, line)| Ok((subject, folder.write(subject, line)?));
                    writes.into_iter().map(write).collect::<Result<Vec<_>, _>>()
                })
                .await?;
            seen.files.extend(written);
            if stretches.peek().is_some() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        for subject in plan.removals.clone() {
            seen.files.remove(&subject);
        }
        seen.modified = self
            .on_files(move |folder| {
                plan.removals
                    .into_iter()
                    .try_for_each(|subject| folder.remove(subject))?;
                folder.modified().map(Some)
            })
            .await?;
        Ok(())
    }
}

#[async_trait]
impl PxeAdmission for Dnsmasq {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_active(&self) -> bool {
        true
    }

    async fn apply(&self, wanted: &Wanted) -> Result<(), AdmissionError> {
        let mut left = self.seen.lock().await;
        // Taken out, so that after an error the folder is read anew.
        let mut seen = self.look(left.take()).await?;
        let plan = plan::plan(&seen.files, wanted, SystemTime::now());
        if !plan.is_empty() {
            self.follow(plan, &mut seen).await?;
        }
        *left = Some(seen);
        Ok(())
    }

    async fn is_disturbed(&self) -> bool {
        let seen = self.seen.lock().await;
        let Some(left) = seen.as_ref().and_then(|seen| seen.modified) else {
            return true;
        };
        let now = self.on_files(Folder::modified).await;
        now != Ok(left)
    }
}
