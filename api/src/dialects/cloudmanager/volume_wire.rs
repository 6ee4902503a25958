//! How volumes and what they lie on look in this dialect.
//!
//! Readings, where CloudManager's document leaves room. Sizes of backends are GiB with at most two
//! decimals, as its sample adds them up. Sizes of LVM's things are as `lvs` prints them, in the largest
//! unit that leaves one before the point; the comma of the sample is its locale's, and a point here.
//! `mirror_count` counts the copies of the data, the volume itself among them: its sample has 1 for a
//! volume on one disk.

use assay_app::{BackendView, VolumeView};
use assay_domain::volume::{LogicalVolume, PhysicalVolume, Place};
use serde::Serialize;
use utoipa::ToSchema;

/// A volume group of a storage host.
#[derive(Serialize, ToSchema)]
#[schema(as = VolumeBackend)]
pub(super) struct VolumeBackendWire {
    /// Its name.
    #[schema(example = "sanlock")]
    volume_backend_name: String,
    /// The host: the name of its node, or its UUID.
    #[schema(example = "volume2.sanlock.stand.loc")]
    host: String,
    /// The volume group.
    #[schema(example = "vol")]
    vg_name: String,
    /// How volumes come to whoever uses them.
    #[schema(example = "iscsi")]
    protocol: String,
    /// What is not taken, in GiB.
    #[schema(example = "136.75")]
    free_size: String,
    /// All that it can hold, in GiB.
    #[schema(example = "138")]
    total_size: String,
    /// Its visible logical volumes.
    logical_volumes: Vec<LogicalVolumeWire>,
    /// What it lies on.
    physical_volumes: Vec<PhysicalVolumeWire>,
}

/// A logical volume.
#[derive(Serialize, ToSchema)]
#[schema(as = LogicalVolume)]
pub(super) struct LogicalVolumeWire {
    /// Its name.
    #[schema(example = "volume-cfae37a3-6e8f-4bc8-862e-85db07ff429f")]
    lv_name: String,
    /// Its volume group.
    #[schema(example = "vol")]
    vg_name: String,
    /// LVM's attributes of it.
    #[schema(example = "-wi-------")]
    lv_attr: String,
    /// Its size.
    #[schema(example = "1.00g")]
    lv_size: String,
    /// LVM's UUID of it.
    #[schema(example = "XSOJgt-6xDf-mTWA-NG7q-MyR7-MheT-e39yp3")]
    lv_uuid: String,
    /// How many copies of its data there are: 1 without mirrors.
    #[schema(example = "1")]
    mirror_count: String,
    /// Where its data lies; nothing for a thin volume, which has nothing of its own.
    devices: Vec<DeviceWire>,
}

/// A part of a logical volume on a physical one.
#[derive(Serialize, ToSchema)]
#[schema(as = VolumeDevice)]
pub(super) struct DeviceWire {
    /// The physical volume.
    #[schema(example = "/dev/mapper/mpathb")]
    pv: String,
    /// How much of the volume lies there.
    #[schema(example = "1.00g")]
    seg_size: String,
}

/// A disk that a volume group lies on.
#[derive(Serialize, ToSchema)]
#[schema(as = PhysicalVolume)]
pub(super) struct PhysicalVolumeWire {
    /// Its path.
    #[schema(example = "/dev/mapper/mpathb")]
    pv_name: String,
    /// Its volume group.
    #[schema(example = "vol")]
    vg_name: String,
    /// LVM's attributes of it.
    #[schema(example = "a--")]
    pv_attr: String,
    /// All that it can hold.
    #[schema(example = "46.00g")]
    pv_size: String,
    /// What is not taken.
    #[schema(example = "44.75g")]
    pv_free: String,
}

/// A volume of Cinder's.
#[derive(Serialize, ToSchema)]
#[schema(as = Volume)]
pub(super) struct VolumeWire {
    /// Cinder's id.
    #[schema(example = "cfae37a3-6e8f-4bc8-862e-85db07ff429f")]
    volume_id: String,
    /// The name of its backend.
    #[schema(example = "sanlock")]
    volume_backend_name: String,
    /// The host that has it active, or else the first that knows it.
    #[schema(example = "volume2.sanlock.stand.loc")]
    host: String,
    /// Whether it takes only what is written to it, from a pool.
    thin_enabled: bool,
    /// The logical volume.
    logical_volume: VolumeLvWire,
}

/// The logical volume of a volume of Cinder's.
#[derive(Serialize, ToSchema)]
#[schema(as = VolumeLogicalVolume)]
pub(super) struct VolumeLvWire {
    #[serde(flatten)]
    volume: LogicalVolumeWire,
    /// What is being done with it, or what LVM calls wrong with it; null when all is well.
    #[schema(required, example = "moving: 62 %")]
    lv_status: Option<String>,
}

/// A volume of Cinder's with its locks.
#[derive(Serialize, ToSchema)]
#[schema(as = LockedVolume)]
pub(super) struct LockedVolumeWire {
    #[serde(flatten)]
    volume: VolumeWire,
    /// The hosts whose lvmlockd has its lock, among those of all backends with its volume group; none
    /// where no lock manager is.
    #[schema(example = json!(["volume2.sanlock.stand.loc"]))]
    lock_hosts: Vec<String>,
    /// Whether nobody else can have it locked meanwhile.
    lock_exclusive: bool,
}

/// All volumes.
#[derive(Serialize, ToSchema)]
pub(super) struct VolumeList {
    /// The volumes.
    pub(super) volumes: Vec<VolumeWire>,
}

/// One volume.
#[derive(Serialize, ToSchema)]
pub(super) struct OneVolume {
    /// The volume.
    pub(super) volume: LockedVolumeWire,
}

impl From<BackendView> for VolumeBackendWire {
    fn from(view: BackendView) -> Self {
        let BackendView {
            backend,
            host,
            group,
            ..
        } = view;
        let name = group.name.as_str();
        let volumes = group.volumes.iter();
        let physical = group.physical.iter();
        Self {
            volume_backend_name: backend.name,
            host,
            vg_name: name.to_owned(),
            protocol: backend.protocol,
            free_size: gib(group.free),
            total_size: gib(group.size),
            logical_volumes: volumes
                .map(|volume| LogicalVolumeWire::of(volume, name))
                .collect(),
            physical_volumes: physical
                .map(|volume| PhysicalVolumeWire::of(volume, name))
                .collect(),
        }
    }
}

impl LogicalVolumeWire {
    fn of(volume: &LogicalVolume, group: &str) -> Self {
        Self {
            lv_name: volume.name.clone(),
            vg_name: group.to_owned(),
            lv_attr: volume.attributes.clone(),
            lv_size: size(volume.size),
            lv_uuid: volume.uuid.clone(),
            mirror_count: volume.copies.to_string(),
            devices: volume.places.iter().map(DeviceWire::from).collect(),
        }
    }
}

impl From<&Place> for DeviceWire {
    fn from(place: &Place) -> Self {
        Self {
            pv: place.pv.clone(),
            seg_size: size(place.size),
        }
    }
}

impl PhysicalVolumeWire {
    fn of(volume: &PhysicalVolume, group: &str) -> Self {
        Self {
            pv_name: volume.name.clone(),
            vg_name: group.to_owned(),
            pv_attr: volume.attributes.clone(),
            pv_size: size(volume.size),
            pv_free: size(volume.free),
        }
    }
}

impl From<&VolumeView> for VolumeWire {
    fn from(view: &VolumeView) -> Self {
        Self {
            volume_id: view.id.clone(),
            volume_backend_name: view.backend.clone(),
            host: view.host.clone(),
            thin_enabled: view.volume.pool.is_some(),
            logical_volume: VolumeLvWire {
                volume: LogicalVolumeWire::of(&view.volume, &view.vg_name),
                lv_status: status(view),
            },
        }
    }
}

impl From<VolumeView> for LockedVolumeWire {
    fn from(view: VolumeView) -> Self {
        Self {
            volume: VolumeWire::from(&view),
            lock_hosts: view.lock_hosts,
            lock_exclusive: view.is_locked_exclusively,
        }
    }
}

fn status(view: &VolumeView) -> Option<String> {
    let share = |percent: f64| format!("{percent:.0} %");
    if let Some(percent) = view.moving {
        let percent = percent.map_or_else(|| "stands still".to_owned(), share);
        return Some(format!("moving: {percent}"));
    }
    let copying = view.volume.synced.filter(|percent| *percent < 100.0);
    let copying = copying.map(|percent| format!("mirroring: {}", share(percent)));
    view.volume.trouble.clone().or(copying)
}

/// Bytes in GiB, with at most two decimals and none that say nothing.
fn gib(bytes: u64) -> String {
    let text = hundredths(bytes, 30);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0" } else { text }.to_owned()
}

/// Bytes as `lvs` prints them.
fn size(bytes: u64) -> String {
    const UNITS: [(u32, char); 6] = [
        (60, 'e'),
        (50, 'p'),
        (40, 't'),
        (30, 'g'),
        (20, 'm'),
        (10, 'k'),
    ];
    match UNITS.into_iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => format!("{}{unit}", hundredths(bytes, shift)),
        None if bytes == 0 => "0".to_owned(),
        None => format!("{bytes}b"),
    }
}

/// A number of units of `1 << shift`, rounded to two decimals.
fn hundredths(bytes: u64, shift: u32) -> String {
    let unit = 1_u128 << shift;
    let rounded = (u128::from(bytes) * 100 + unit / 2) / unit;
    format!("{}.{:02}", rounded / 100, rounded % 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{gib, size};

    const GIB: u64 = 1 << 30;

    #[test]
    fn sizes_look_as_in_the_document() {
        for (bytes, shown) in [
            (138 * GIB, "138"),
            (136 * GIB + GIB / 4 * 3, "136.75"),
            (GIB / 2, "0.5"),
            (10 * GIB, "10"),
            (0, "0"),
        ] {
            assert_eq!(gib(bytes), shown);
        }
        for (bytes, shown) in [
            (GIB, "1.00g"),
            (44 * GIB + GIB / 4 * 3, "44.75g"),
            (32 << 20, "32.00m"),
            (1536, "1.50k"),
            (3 << 40, "3.00t"),
            (512, "512b"),
            (0, "0"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }

    proptest! {
        #[test]
        fn gigabytes_are_as_good_as_two_decimals(bytes in 0..(1_u64 << 50)) {
            let shown: f64 = gib(bytes).parse().unwrap();
            #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
            let exact = bytes as f64 / GIB as f64;
            prop_assert!((shown - exact).abs() <= 0.005_001, "{} of {}", shown, bytes);
        }
    }
}
