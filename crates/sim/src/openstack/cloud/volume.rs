//! Volumes of Cinder.

use std::collections::BTreeMap;

use super::clock::Moment;
use super::{Cloud, Step};
use crate::openstack::answer::Refusal;
use crate::openstack::faults::BadEnd;

/// The name of making a volume, in delays and failures.
const VOLUME: &str = "volume";

/// A volume's use by an instance.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Attachment {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) server_id: String,
    pub(in crate::openstack) device: String,
    pub(in crate::openstack) at: Moment,
    /// Whether the volume goes with the instance.
    pub(in crate::openstack) deletes: bool,
}

/// A volume.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Volume {
    pub(in crate::openstack) number: u64,
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    pub(in crate::openstack) size_gb: u64,
    /// `creating`, `available`, `in-use`, `error` or `deleting`.
    pub(in crate::openstack) status: &'static str,
    pub(in crate::openstack) is_bootable: bool,
    pub(in crate::openstack) source: Option<String>,
    pub(in crate::openstack) image_id: Option<String>,
    pub(in crate::openstack) project_id: String,
    pub(in crate::openstack) created: Moment,
    pub(in crate::openstack) attachments: Vec<Attachment>,
    pub(in crate::openstack) metadata: BTreeMap<String, String>,
}

impl Volume {
    /// Takes the volume from an instance that is gone; says whether it goes, too.
    pub(super) fn leaves(&mut self, server: &str) -> bool {
        let mut goes = false;
        self.attachments.retain(|attachment| {
            let is_its = attachment.server_id == server;
            goes |= is_its && attachment.deletes;
            !is_its
        });
        if self.status == "in-use" && self.attachments.is_empty() {
            self.status = "available";
        }
        goes
    }
}

impl Cloud {
    /// A volume by its id.
    pub(in crate::openstack) fn volume(&self, id: &str) -> Result<&Volume, Refusal> {
        let found = self.volumes.values().find(|volume| volume.id == id);
        found.ok_or_else(|| Refusal::not_found(format!("Volume {id} could not be found.")))
    }

    /// Refuses a volume that an instance cannot have now.
    pub(in crate::openstack) fn check_free(&self, id: &str) -> Result<u64, Refusal> {
        let missing = |_| Refusal::bad(format!("Block Device Mapping is Invalid: no volume {id}."));
        let volume = self.volume(id).map_err(missing)?;
        if volume.status == "available" {
            return Ok(volume.number);
        }
        Err(Refusal::bad(format!(
            "Block Device Mapping is Invalid: volume {id} is {}.",
            volume.status
        )))
    }

    /// Writes a volume down, and has it made.
    pub(in crate::openstack) fn new_volume(
        &mut self,
        project_id: &str,
        (name, size_gb): (String, u64),
        now: Moment,
    ) -> u64 {
        let (number, id) = (self.number(), self.id());
        let volume = Volume {
            number,
            id,
            name,
            size_gb,
            status: "creating",
            is_bootable: false,
            source: None,
            image_id: None,
            project_id: project_id.to_owned(),
            created: now,
            attachments: Vec::new(),
            metadata: BTreeMap::new(),
        };
        self.volumes.insert(number, volume);
        self.volume_later(Step::VolumeReady(number), now);
        number
    }

    pub(super) fn volume_ready(&mut self, number: u64) {
        if let Some(volume) = self.volumes.get_mut(&number)
            && volume.status == "creating"
        {
            let fails = self.faults.of_action(VOLUME, &volume.id, BadEnd::Error);
            volume.status = if fails { "error" } else { "available" };
        }
    }

    /// Gives a volume to an instance.
    pub(in crate::openstack) fn attach(
        &mut self,
        volume: u64,
        instance: u64,
        deletes: bool,
        now: Moment,
    ) {
        let id = self.id();
        let Some(server_id) = self.instances.get(&instance).map(|it| it.id.clone()) else {
            return;
        };
        let others = self.volumes_of(&server_id).count();
        let letter = b'a' + u8::try_from(others % 26).unwrap_or_default();
        let device = format!("/dev/vd{}", char::from(letter));
        if let Some(volume) = self.volumes.get_mut(&volume) {
            volume.status = "in-use";
            volume.attachments.push(Attachment {
                id,
                server_id,
                device,
                at: now,
                deletes,
            });
        }
    }

    /// Takes a volume from an instance.
    pub(in crate::openstack) fn detach(
        &mut self,
        server_id: &str,
        id: &str,
    ) -> Result<(), Refusal> {
        let number = self.volume(id)?.number;
        let is_its = |it: &Attachment| it.server_id == server_id;
        match self.volumes.get_mut(&number) {
            Some(volume) if volume.attachments.iter().any(is_its) => {
                volume.leaves(server_id);
                Ok(())
            }
            _ => Err(Refusal::not_found(format!("volume_id not found: {id}"))),
        }
    }

    /// The volumes of an instance, each with its use.
    pub(in crate::openstack) fn volumes_of<'a>(
        &'a self,
        server_id: &'a str,
    ) -> impl Iterator<Item = (&'a Volume, &'a Attachment)> {
        let uses = self.volumes.values().flat_map(|volume| {
            let each = volume.attachments.iter();
            each.map(move |attachment| (volume, attachment))
        });
        uses.filter(move |(_, attachment)| attachment.server_id == server_id)
    }

    /// Begins the deletion of a volume that nobody uses.
    pub(in crate::openstack) fn delete_volume(
        &mut self,
        id: &str,
        now: Moment,
    ) -> Result<(), Refusal> {
        let volume = self.volume(id)?;
        if !["available", "error"].contains(&volume.status) {
            return Err(Refusal::bad(
                "Invalid volume: Volume status must be available or error, and must not be attached.",
            ));
        }
        let number = volume.number;
        if let Some(volume) = self.volumes.get_mut(&number) {
            volume.status = "deleting";
        }
        self.volume_later(Step::VolumeGone(number), now);
        Ok(())
    }
}
