//! What `lvm fullreport --reportformat json` and `lvmlockctl --info` print (lvmreport(7),
//! lvmlockctl(8)).

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::volume::{
    ExtentMove, LogicalVolume, PhysicalVolume, Place, VolumeGroup, VolumeLock,
};
use serde::Deserialize;

use crate::HostError;

/// How deep volumes may lie in each other; LVM stacks a handful.
const DEEPEST: usize = 8;

#[derive(Deserialize)]
struct Printed {
    report: Vec<Report>,
}

#[derive(Deserialize)]
struct Report {
    vg: Vec<Group>,
    #[serde(default)]
    pv: Vec<Physical>,
    #[serde(default)]
    lv: Vec<Volume>,
    #[serde(default)]
    seg: Vec<Segment>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(rename = "vg_name")]
    name: String,
    #[serde(rename = "vg_uuid")]
    uuid: String,
    #[serde(rename = "vg_size")]
    size: String,
    #[serde(rename = "vg_free")]
    free: String,
    #[serde(rename = "vg_lock_type")]
    lock_type: String,
}

#[derive(Deserialize)]
struct Physical {
    #[serde(rename = "pv_name")]
    name: String,
    #[serde(rename = "pv_attr")]
    attributes: String,
    #[serde(rename = "pv_size")]
    size: String,
    #[serde(rename = "pv_free")]
    free: String,
}

#[derive(Deserialize)]
struct Volume {
    /// In square brackets when it is a part of others.
    lv_name: String,
    lv_uuid: String,
    lv_attr: String,
    lv_size: String,
    lv_parent: String,
    lv_role: String,
    lv_active: String,
    pool_lv: String,
    move_pv: String,
    sync_percent: String,
    lv_health_status: String,
}

#[derive(Deserialize)]
struct Segment {
    lv_uuid: String,
    segtype: String,
    stripes: String,
    data_copies: String,
    seg_size: String,
    /// Names of physical volumes and of parts, each with where in it: `/dev/sda(0),lvol0_rimage_1(0)`.
    devices: String,
}

/// The one group of a report.
pub(super) fn group(printed: &str) -> Result<VolumeGroup, HostError> {
    let printed: Printed = serde_json::from_str(printed).map_err(|_| HostError::Malformed)?;
    let [report] = printed.report.as_slice() else {
        return Err(HostError::Malformed);
    };
    let [group] = report.vg.as_slice() else {
        return Err(HostError::Malformed);
    };
    let parts = Parts::of(report)?;
    let visible = report.lv.iter().filter(|volume| !volume.is_part());
    Ok(VolumeGroup {
        name: group.name.clone(),
        uuid: group.uuid.clone(),
        size: bytes(&group.size)?,
        free: bytes(&group.free)?,
        is_shared: !["", "none"].contains(&group.lock_type.as_str()),
        volumes: visible
            .map(|volume| parts.volume(volume))
            .collect::<Result<_, _>>()?,
        physical: report
            .pv
            .iter()
            .map(physical)
            .collect::<Result<_, HostError>>()?,
        moves: parts.moves(report),
        locks: Vec::new(),
    })
}

fn physical(volume: &Physical) -> Result<PhysicalVolume, HostError> {
    Ok(PhysicalVolume {
        name: volume.name.clone(),
        attributes: volume.attributes.clone(),
        size: bytes(&volume.size)?,
        free: bytes(&volume.free)?,
    })
}

fn bytes(text: &str) -> Result<u64, HostError> {
    text.parse().map_err(|_| HostError::Malformed)
}

impl Volume {
    fn is_part(&self) -> bool {
        self.lv_name.starts_with('[')
    }

    fn is_move(&self) -> bool {
        self.lv_role.split(',').any(|role| role == "pvmove")
    }
}

/// A name without the brackets of parts.
fn bare(name: &str) -> &str {
    name.trim_start_matches('[').trim_end_matches(']')
}

fn devices(segment: &Segment) -> impl Iterator<Item = &str> {
    let devices = segment.devices.split("),");
    devices.filter_map(|device| Some(device.rsplit_once('(')?.0))
}

/// How volumes lie in each other.
struct Parts<'a> {
    volumes: BTreeMap<&'a str, &'a Volume>,
    segments: BTreeMap<&'a str, Vec<(&'a Segment, u64)>>,
    children: BTreeMap<&'a str, Vec<&'a Volume>>,
}

impl<'a> Parts<'a> {
    fn of(report: &'a Report) -> Result<Self, HostError> {
        let mut segments: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for segment in &report.seg {
            let known = segments.entry(segment.lv_uuid.as_str()).or_default();
            known.push((segment, bytes(&segment.seg_size)?));
        }
        let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for volume in &report.lv {
            let parent = bare(&volume.lv_parent);
            if !parent.is_empty() {
                children.entry(parent).or_default().push(volume);
            }
        }
        let volumes = report.lv.iter();
        Ok(Self {
            volumes: volumes
                .map(|volume| (bare(&volume.lv_name), volume))
                .collect(),
            segments,
            children,
        })
    }

    fn volume(&self, volume: &Volume) -> Result<LogicalVolume, HostError> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(LogicalVolume {
            name: volume.lv_name.clone(),
            uuid: volume.lv_uuid.clone(),
            attributes: volume.lv_attr.clone(),
            size: bytes(&volume.lv_size)?,
            copies: self.copies(volume),
            is_active: volume.lv_active.starts_with("active"),
            pool: text(bare(&volume.pool_lv)),
            places: self.places(volume, DEEPEST),
            on: self.family(volume).on,
            synced: volume.sync_percent.parse().ok(),
            trouble: text(&volume.lv_health_status),
        })
    }

    fn segments(&self, volume: &Volume) -> &[(&'a Segment, u64)] {
        let known = self.segments.get(volume.lv_uuid.as_str());
        known.map_or(&[], Vec::as_slice)
    }

    /// LVM counts the copies of RAID as such, those of the older mirrors as stripes.
    fn copies(&self, volume: &Volume) -> u32 {
        let counts = self.segments(volume).iter().map(|(segment, _)| {
            let count = match segment.segtype.as_str() {
                "mirror" => &segment.stripes,
                _ => &segment.data_copies,
            };
            count.parse().unwrap_or(1)
        });
        counts.min().unwrap_or(1).max(1)
    }

    /// Where the data lies. What is being moved lies on both sides.
    fn places(&self, volume: &Volume, depth: usize) -> Vec<Place> {
        let mut places = Vec::new();
        for (segment, size) in self.segments(volume) {
            for device in devices(segment) {
                match self.volumes.get(device) {
                    Some(part) if depth > 0 => {
                        let inner = self.places(part, depth - 1);
                        places.extend(inner.into_iter().map(|place| Place {
                            // A move carries parts of many volumes.
                            size: if part.is_move() { *size } else { place.size },
                            pv: place.pv,
                        }));
                    }
                    Some(_) => {}
                    None => places.push(Place {
                        pv: device.to_owned(),
                        size: *size,
                    }),
                }
            }
        }
        places
    }

    /// What belongs to a volume: all that it lies on, with what LVM keeps beside the data, and which
    /// moves carry any of it.
    fn family(&self, volume: &Volume) -> Family<'_> {
        let mut family = Family::default();
        let mut open = vec![bare(&volume.lv_name)];
        while let Some(name) = open.pop() {
            let Some((name, member)) = self.volumes.get_key_value(name) else {
                family.on.insert(name.to_owned());
                continue;
            };
            if !family.members.insert(name) {
                continue;
            }
            let segments = self.segments(member).iter();
            open.extend(segments.flat_map(|(segment, _)| devices(segment)));
            let children = self.children.get(name).into_iter().flatten();
            open.extend(children.map(|child| bare(&child.lv_name)));
        }
        family
    }

    fn moves(&self, report: &Report) -> Vec<ExtentMove> {
        let carriers = report.lv.iter().filter(|volume| !volume.move_pv.is_empty());
        let carriers: Vec<&Volume> = carriers.collect();
        if carriers.is_empty() {
            return Vec::new();
        }
        let visible = report.lv.iter().filter(|volume| !volume.is_part());
        let families: Vec<_> = visible
            .map(|volume| (volume, self.family(volume).members))
            .collect();
        let moved_by = |carrier: &Volume| {
            let carried = families
                .iter()
                .filter(|(_, members)| members.contains(bare(&carrier.lv_name)));
            carried.map(|(volume, _)| volume.lv_uuid.clone()).collect()
        };
        let moves = carriers.into_iter().map(|carrier| ExtentMove {
            source: carrier.move_pv.clone(),
            percent: carrier.sync_percent.parse().ok(),
            volumes: moved_by(carrier),
        });
        moves.collect()
    }
}

#[derive(Default)]
struct Family<'a> {
    /// Physical volumes.
    on: BTreeSet<String>,
    /// The volume itself, its parts, and what carries them.
    members: BTreeSet<&'a str>,
}

/// The locks on logical volumes of a group, from lines of `lvmlockctl --info`.
pub(super) fn locks(printed: &str, group: &str) -> Vec<VolumeLock> {
    let mut locks = Vec::new();
    let mut current = "";
    for line in printed.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["VG", name, ..] => current = name,
            ["LK", "LV", mode @ ("ex" | "sh"), uuid, ..] if current == group => {
                locks.push(VolumeLock {
                    uuid: uuid.to_owned(),
                    is_exclusive: mode == "ex",
                });
            }
            _ => {}
        }
    }
    locks
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
