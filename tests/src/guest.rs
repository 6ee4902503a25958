//! A virtual machine that a server of its own introspects.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{
    Bmc, BootDevice, DiskBus, Firmware, Machine, Marker, NicModel, QemuMachine, SimDisk,
    SimMachine, SimNic,
};
use serde_json::Value;

use crate::lab::{self, Enrolled};
use crate::ramdisk::{self, Ramdisk};
use crate::{Server, Setup, status};

/// From power-on to finished, on two busy cores under emulation.
pub const LIMIT: Duration = Duration::from_mins(5);

/// A virtual machine, its BMC, and the server that knows it.
pub struct Guest {
    /// The server.
    pub server: Server,
    /// The BMC.
    pub bmc: Bmc,
    /// The machine itself.
    pub machine: Arc<QemuMachine>,
    /// The machine as a node.
    pub node: Enrolled,
    _ramdisk: Ramdisk,
}

impl Guest {
    /// Enrols the machine in a new server.
    pub async fn enrolled(hardware: SimMachine, setup: Setup) -> Self {
        Self::booting(hardware, setup, ramdisk::build()).await
    }

    /// Enrols the machine in a new server that boots it with this ramdisk.
    pub async fn booting(hardware: SimMachine, setup: Setup, ramdisk: Ramdisk) -> Self {
        let server = setup
            .boot(&ramdisk.kernel, &ramdisk.initramfs)
            .start()
            .await;
        let boot = format!("{}/assay/v1/boot/ipxe", server.base());
        let machine = Arc::new(QemuMachine::new(hardware, &boot).unwrap());
        let bmc = lab::bmc(machine.clone());
        let node = lab::enrol(server.client(), &bmc).await;
        Self {
            server,
            bmc,
            machine,
            node,
            _ramdisk: ramdisk,
        }
    }

    /// Asks for an introspection.
    pub async fn start(&self) {
        let path = format!("/v1/introspection/{}", self.node.uuid);
        let _ = self.server.client().post_empty(&path).await.expect(202);
    }

    /// Enrols the machine in a new server and introspects it, which must end well.
    pub async fn introspected(hardware: SimMachine) -> Self {
        let guest = Self::enrolled(hardware, Setup::new()).await;
        guest.start().await;
        let ended = status::ended(guest.server.client(), &guest.node.uuid, LIMIT).await;
        let console = guest.machine.console().text();
        assert_eq!(ended["error"], Value::Null, "{ended}\n{console}");
        guest
    }

    /// How long after power-on the agent entered that phase, if it did.
    pub fn reached(&self, phase: &str) -> Option<Duration> {
        let wanted = Marker::Agent(phase.to_owned());
        let sightings = self.machine.console().sightings().into_iter();
        sightings
            .filter(|sighting| sighting.marker == wanted)
            .map(|sighting| sighting.after)
            .next()
    }
}

/// Two processors, one disk, two network cards of different make.
pub fn hardware(firmware: Firmware) -> SimMachine {
    let nic = |mac: &str, model| SimNic {
        mac: mac.parse().unwrap(),
        model,
    };
    SimMachine {
        name: format!("guest-{firmware:?}").to_lowercase(),
        uuid: "6c1f3a52-7d0f-4a37-9f0b-2b9a6a1f0c11".parse().unwrap(),
        serial: "GUEST-SERIAL-1".to_owned(),
        manufacturer: "Guest Maker".to_owned(),
        model: "Guest Model".to_owned(),
        cpus: 2,
        memory_mib: 768,
        disks: vec![SimDisk {
            serial: "DISKSERIAL0001".to_owned(),
            size_gib: 9,
            bus: DiskBus::Virtio,
        }],
        nics: vec![
            nic("52:54:00:ab:cd:01", NicModel::Virtio),
            nic("52:54:00:ab:cd:02", NicModel::E1000),
        ],
        bmc_mac: "52:54:00:ab:cd:ff".parse().unwrap(),
        firmware,
        default_boot: BootDevice::Disk,
    }
}
