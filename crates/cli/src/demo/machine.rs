//! The demo's machine: a virtual one that boots over the network, or the agent on this host.

use std::path::Path;
use std::sync::Arc;

use assay_domain::Secret;
use assay_inventory::Mac;
use assay_ramdisk::{Builder, Kernel, find_kernel};
use assay_sim::{
    Bmc, BmcOptions, BootDevice, DiskBus, Firmware, Http, Machine, NicModel, ProcessMachine,
    QemuMachine, SimDisk, SimMachine, SimNic, qemu_available,
};
use uuid::Uuid;

use crate::commands::say;
use crate::config::Config;
use crate::error::Error;

const SCRIPT: &str = "/assay/v1/boot/ipxe";

/// What the demo's machine is made of; QEMU is told exactly this.
pub(crate) fn hardware(uefi: bool) -> SimMachine {
    let nic = |last, model| SimNic {
        mac: Mac::new([0x52, 0x54, 0x00, 0xa5, 0x5a, last]),
        model,
    };
    let disk = |serial: &str, size_gib, bus| SimDisk {
        serial: serial.to_owned(),
        size_gib,
        bus,
    };
    SimMachine {
        name: "demo".to_owned(),
        uuid: Uuid::new_v4(),
        serial: "ASSAY-DEMO-1".to_owned(),
        manufacturer: "Assay".to_owned(),
        model: "Demo machine".to_owned(),
        cpus: 2,
        memory_mib: 1024,
        disks: vec![
            disk("DEMO-DISK-1", 20, DiskBus::Virtio),
            disk("DEMO-DISK-2", 8, DiskBus::Sata),
        ],
        nics: vec![nic(0x01, NicModel::Virtio), nic(0x02, NicModel::E1000)],
        bmc_mac: Mac::new([0x52, 0x54, 0x00, 0xa5, 0x5a, 0xff]),
        firmware: if uefi { Firmware::Uefi } else { Firmware::Bios },
        default_boot: BootDevice::Disk,
    }
}

/// Puts kernel and initramfs into place; false, with one line why, when this host cannot boot a
/// virtual machine.
pub(crate) fn prepare_boot_files(config: &mut Config, agent: &Path) -> Result<bool, Error> {
    let fallback = "the agent runs as a process on this host instead";
    if let Err(reason) = qemu_available() {
        say(&format!("{reason}; {fallback}"));
        return Ok(false);
    }
    let Some(kernel) = find_kernel() else {
        say(&format!(
            "no kernel with modules on this host (Debian: apt-get install linux-image-amd64); {fallback}"
        ));
        return Ok(false);
    };
    build_initramfs(config, &kernel, agent)?;
    Ok(true)
}

fn build_initramfs(config: &mut Config, kernel: &Kernel, agent: &Path) -> Result<(), Error> {
    let folder = config.data_dir.join("boot");
    std::fs::create_dir_all(&folder).map_err(Error::io(folder.display().to_string()))?;
    let initramfs = folder.join("initramfs");
    let image = Builder::new(agent, &kernel.modules_dir).build()?;
    image.write(&initramfs)?;
    say(&format!(
        "Built the ramdisk for kernel {}: {:.1} MiB",
        kernel.release,
        image.bytes.len() as f64 / f64::from(1 << 20)
    ));
    config.settings.boot.kernel = Some(kernel.image.clone());
    config.settings.boot.initramfs = Some(initramfs);
    Ok(())
}

/// The demo's BMC and the account that it knows.
pub(crate) struct DemoBmc {
    pub(crate) bmc: Bmc,
    pub(crate) login: String,
    pub(crate) password: Secret,
}

/// A BMC with a virtual machine behind it.
pub(crate) fn virtual_machine(hardware: SimMachine, url: &str) -> Result<DemoBmc, Error> {
    let machine = QemuMachine::new(hardware, &format!("{url}{SCRIPT}"))?;
    start(Arc::new(machine))
}

/// A BMC with the agent as a process on this host behind it.
pub(crate) fn process(hardware: SimMachine, agent: &Path, url: &str) -> Result<DemoBmc, Error> {
    let http = Http::new([])?;
    let machine = ProcessMachine::new(hardware, format!("{url}{SCRIPT}"), agent, http);
    start(Arc::new(machine))
}

fn start(machine: Arc<dyn Machine>) -> Result<DemoBmc, Error> {
    let options = BmcOptions {
        password: Uuid::new_v4().simple().to_string(),
        ..BmcOptions::default()
    };
    Ok(DemoBmc {
        login: options.username.clone(),
        password: Secret::new(options.password.clone()),
        bmc: Bmc::start(machine, options)?,
    })
}
