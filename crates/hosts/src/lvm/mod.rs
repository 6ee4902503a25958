//! Volume groups of a storage host, by LVM's own commands: looked at, mirrored, moved between disks.

mod report;

use std::time::Duration;

use assay_domain::host::HostShell;
use assay_domain::volume::VolumeGroup;

use crate::{HostError, run, run_for};

use report::{group, locks};

/// Prints all that LVM knows of a group; standard input is its name.
pub(crate) const REPORT: &str = include_str!("../scripts/lvm_report.sh");
/// Prints the locks that lvmlockd has.
pub(crate) const LOCKS: &str = include_str!("../scripts/lvm_locks.sh");
/// Gives a volume mirrors: the volume, how many, and of which kind.
pub(crate) const MIRROR: &str = include_str!("../scripts/lvm_mirror.sh");
/// Begins to move a volume: its name, from where, and to where.
pub(crate) const MOVE: &str = include_str!("../scripts/lvm_move.sh");
/// Breaks a move off: from where.
pub(crate) const ABORT: &str = include_str!("../scripts/lvm_abort.sh");

/// How long LVM may take to begin or to end something: it waits for what is being written meanwhile.
const LIMIT: Duration = Duration::from_mins(10);
/// The mirrors that LVM advises (lvmraid(7)).
const RAID1: &str = "raid1";
/// The kind that a volume has already.
const AS_IT_IS: &str = "as-it-is";

/// The volume groups of a host, over a shell on it. All may be repeated.
pub struct Lvm<'a> {
    shell: &'a dyn HostShell,
}

impl<'a> Lvm<'a> {
    /// Over this shell.
    pub fn new(shell: &'a dyn HostShell) -> Self {
        Self { shell }
    }

    /// A volume group as it is now, with the locks that the host holds in it.
    ///
    /// # Errors
    /// [`HostError::Lacks`] on a host without LVM; [`HostError::Failed`] with LVM's words, also when
    /// there is no such group.
    pub async fn group(&self, name: &str) -> Result<VolumeGroup, HostError> {
        let printed = run(self.shell, REPORT, &format!("{name}\n")).await?.printed;
        let mut group = group(&printed)?;
        if group.is_shared {
            group.locks = locks(&run(self.shell, LOCKS, "").await?.printed, &group.name);
        }
        Ok(group)
    }

    /// Has a volume so many mirrors beside itself: `lvconvert --mirrors`, and `--type raid1` for one
    /// that has none. What is copied to new ones is copied after this.
    ///
    /// # Errors
    /// [`HostError::Failed`] with LVM's words.
    pub async fn mirror(
        &self,
        group: &str,
        volume: &str,
        mirrors: u32,
        has_some: bool,
    ) -> Result<(), HostError> {
        let kind = if has_some || mirrors == 0 {
            AS_IT_IS
        } else {
            RAID1
        };
        let input = format!("{group}/{volume}\n{mirrors}\n{kind}\n");
        run_for(self.shell, MIRROR, &input, LIMIT).await.map(drop)
    }

    /// Begins to move a volume's data away from a physical volume; LVM goes on by itself.
    ///
    /// # Errors
    /// [`HostError::Failed`] with LVM's words.
    pub async fn begin_move(
        &self,
        volume: &str,
        source: &str,
        destination: Option<&str>,
    ) -> Result<(), HostError> {
        let destination = destination.unwrap_or_default();
        let input = format!("{volume}\n{source}\n{destination}\n");
        run_for(self.shell, MOVE, &input, LIMIT).await.map(drop)
    }

    /// Has the move of a volume come to its end that nobody follows on the host any more; one that is
    /// followed is left as it is. LVM takes it for the one that it finds when it is asked again, and has
    /// nothing to move when that has ended meanwhile.
    ///
    /// # Errors
    /// How the connection failed.
    pub async fn resume_move(
        &self,
        volume: &str,
        source: &str,
        destination: Option<&str>,
    ) -> Result<(), HostError> {
        match self.begin_move(volume, source, destination).await {
            Err(HostError::Failed { .. }) => Ok(()),
            ended => ended,
        }
    }

    /// Breaks off the move away from a physical volume: what it moves stays where it was.
    ///
    /// # Errors
    /// [`HostError::Failed`] with LVM's words.
    pub async fn abort_move(&self, source: &str) -> Result<(), HostError> {
        let input = format!("{source}\n");
        run_for(self.shell, ABORT, &input, LIMIT).await.map(drop)
    }
}
