//! Logical volumes on storage hosts: volume groups, what they lie on, and what is done with them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What Cinder puts before a volume's id to name its logical volume (`volume_name_template`).
const VOLUME: &str = "volume-";
/// The most mirrors of a volume beside itself: RAID of LVM has at most 64 images.
pub const MOST_MIRRORS: u32 = 63;
/// The longest path of a physical volume: `PATH_MAX` of Linux, in bytes.
const LONGEST_PATH: usize = 4096;

/// Fields that backends can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeBackendField {
    /// The backend's name.
    Name,
    /// The name of the node that is its host.
    Host,
    /// The name of its volume group.
    VgName,
}

/// A volume group as a host sees it. Sizes are bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeGroup {
    /// Its name.
    pub name: String,
    /// LVM's UUID of it.
    pub uuid: String,
    /// All that it can hold.
    pub size: u64,
    /// What is not taken.
    pub free: u64,
    /// Whether a lock manager lets hosts share it.
    pub is_shared: bool,
    /// Its visible logical volumes, as LVM orders them.
    pub volumes: Vec<LogicalVolume>,
    /// What it lies on.
    pub physical: Vec<PhysicalVolume>,
    /// Moves between physical volumes that are under way.
    pub moves: Vec<ExtentMove>,
    /// The locks on logical volumes that this host holds.
    pub locks: Vec<VolumeLock>,
}

impl VolumeGroup {
    /// The logical volume with this UUID.
    pub fn volume(&self, uuid: &str) -> Option<&LogicalVolume> {
        self.volumes.iter().find(|volume| volume.uuid == uuid)
    }

    /// Whether it has a physical volume of this name.
    pub fn lies_on(&self, pv: &str) -> bool {
        self.physical.iter().any(|known| known.name == pv)
    }

    /// The move away from a physical volume, of which LVM has one at a time.
    pub fn move_from(&self, pv: &str) -> Option<&ExtentMove> {
        self.moves.iter().find(|one| one.source == pv)
    }
}

/// A disk, or a part of one, that a volume group lies on. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhysicalVolume {
    /// Its path, e.g. `/dev/mapper/mpathb`.
    pub name: String,
    /// LVM's `pv_attr`.
    pub attributes: String,
    /// All that it can hold.
    pub size: u64,
    /// What is not taken.
    pub free: u64,
}

/// A logical volume.
#[derive(Debug, Clone, PartialEq)]
pub struct LogicalVolume {
    /// Its name.
    pub name: String,
    /// LVM's UUID of it.
    pub uuid: String,
    /// LVM's `lv_attr`.
    pub attributes: String,
    /// Its size in bytes.
    pub size: u64,
    /// How many copies of its data there are, 1 without mirrors.
    pub copies: u32,
    /// Whether this host has it active.
    pub is_active: bool,
    /// The pool that a thin one lies in.
    pub pool: Option<String>,
    /// Where its data lies, segment by segment; empty for a thin one, which has nothing of its own.
    pub places: Vec<Place>,
    /// All physical volumes with anything of it, also what LVM keeps of mirrors beside the data.
    pub on: BTreeSet<String>,
    /// How much of its copies agree, 0 to 100; none without copies.
    pub synced: Option<f64>,
    /// What LVM calls wrong with it.
    pub trouble: Option<String>,
}

impl LogicalVolume {
    /// The id that Cinder knows it by, if it is a volume of Cinder's.
    pub fn cinder_id(&self) -> Option<&str> {
        let id = self.name.strip_prefix(VOLUME)?;
        is_uuid(id).then_some(id)
    }
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// A part of a logical volume on a physical one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The physical volume.
    pub pv: String,
    /// How much, in bytes.
    pub size: u64,
}

/// A move of logical volumes' data away from a physical volume.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtentMove {
    /// The physical volume.
    pub source: String,
    /// How much of it is done, 0 to 100; none when the host does not copy.
    pub percent: Option<f64>,
    /// UUIDs of the visible logical volumes that it moves.
    pub volumes: BTreeSet<String>,
}

/// A lock of lvmlockd's on a logical volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeLock {
    /// LVM's UUID of the volume.
    pub uuid: String,
    /// Whether nobody else can have it.
    pub is_exclusive: bool,
}

/// What is done with a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeAction {
    /// Has it so many mirrors beside itself.
    Mirror(u32),
    /// Moves its data away from a physical volume.
    Migrate {
        /// The physical volume.
        source: String,
        /// Where it goes; none leaves that to LVM.
        destination: Option<String>,
    },
}

impl VolumeAction {
    /// Checks what was asked for, as far as it can be without asking the host.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the value.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Mirror(count) if *count > MOST_MIRRORS => Err(Error::invalid(format!(
                "mirror_count: {count} is not within 0 to {MOST_MIRRORS}"
            ))),
            Self::Mirror(_) => Ok(()),
            Self::Migrate {
                source,
                destination,
            } => {
                check_path("source_pv", source)?;
                let Some(destination) = destination else {
                    return Ok(());
                };
                check_path("dest_pv", destination)?;
                if source == destination {
                    return Err(Error::invalid(format!(
                        "dest_pv: '{destination}' is source_pv"
                    )));
                }
                Ok(())
            }
        }
    }
}

fn check_path(field: &str, path: &str) -> Result<()> {
    if path.starts_with('/') && path.len() < LONGEST_PATH && !path.contains(char::is_control) {
        return Ok(());
    }
    let shown: String = path.chars().take(64).collect();
    Err(Error::invalid(format!(
        "{field}: '{shown}' is no path of a physical volume"
    )))
}

/// Checks the name of a volume group by LVM's rules (lvm(8), "Valid names").
///
/// # Errors
/// [`Error::Invalid`] with the name.
pub fn check_group_name(name: &str) -> Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+_.-".contains(&byte);
    if (1..=127).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.starts_with('-')
        && ![".", ".."].contains(&name)
    {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "'{name}' is no name of a volume group"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let migrate = |source: &str, destination: Option<&str>| VolumeAction::Migrate {
            source: source.to_owned(),
            destination: destination.map(str::to_owned),
        };
        for (bad, named) in [
            (VolumeAction::Mirror(64), "mirror_count"),
            (migrate("sda", None), "source_pv"),
            (migrate("--abort", None), "source_pv"),
            (migrate("/dev/sda\n/dev/sdb", None), "source_pv"),
            (migrate("/dev/sda", Some("")), "dest_pv"),
            (migrate("/dev/sda", Some("/dev/sda")), "dest_pv"),
        ] {
            let error = bad.check().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        for good in [
            VolumeAction::Mirror(0),
            migrate("/dev/sda", None),
            migrate("/dev/sda", Some("/dev/mapper/mpathb")),
        ] {
            assert_eq!(good.check(), Ok(()));
        }
    }

    #[test]
    fn names_of_volume_groups_are_those_of_lvm() {
        for good in ["vol", "cinder-volumes", "a+b_c.d"] {
            assert!(check_group_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".", "..", "a b", "a/b", "a;b", &"a".repeat(128)] {
            assert!(check_group_name(bad).is_err(), "{bad}");
        }
    }
}
