//! Waiting for disks and cards that drivers are still looking for.

use std::thread;
use std::time::{Duration, Instant};

use crate::host::{self, Host};

const POLL: Duration = Duration::from_millis(25);
/// Quiet that is enough where every device is found while its driver loads.
const QUICK: Duration = Duration::from_millis(150);
/// Quiet that is needed where disks spin up or are found by scanning a fabric.
const SLOW: Duration = Duration::from_secs(3);
/// SCSI hosts that stand for one plugged device each.
const ONE_DISK_HOSTS: [&str; 2] = ["usb-storage", "uas"];
/// SCSI hosts whose scan is over when their driver has been loaded.
const QUICK_HOSTS: [&str; 3] = ["ahci", "ata_piix", "virtio_scsi"];

/// Waits until the devices have not changed for a while, at most so long.
/// Returns whether they came to rest.
pub fn settle(host: &Host, timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    let mut seen = snapshot(host);
    let mut since = Instant::now();
    loop {
        if since.elapsed() >= quiet(host) {
            return true;
        }
        if Instant::now() >= deadline {
            host.log
                .note("settle: devices still change, going on without waiting");
            return false;
        }
        thread::sleep(POLL);
        let now = snapshot(host);
        if now != seen {
            seen = now;
            since = Instant::now();
        }
    }
}

/// What is there: block devices with their sizes, network cards, SCSI devices,
/// and what the kernel has put off probing (readable where debugfs is mounted).
fn snapshot(host: &Host) -> Vec<String> {
    let block = host.sys("block");
    let disks = host::names(&block).into_iter().map(|name| {
        let size = host::text(block.join(&name).join("size")).unwrap_or_default();
        format!("{name} {size}")
    });
    disks
        .chain(host::names(host.sys("class/net")))
        .chain(host::names(host.sys("bus/scsi/devices")))
        .chain(host::text(host.sys("kernel/debug/devices_deferred")))
        .collect()
}

fn quiet(host: &Host) -> Duration {
    if is_scanning(host) || is_starting(host) {
        SLOW
    } else {
        QUICK
    }
}

/// Is there a SCSI host of which we cannot know that it has told all its disks?
fn is_scanning(host: &Host) -> bool {
    let hosts = host.sys("class/scsi_host");
    let may_scan = |name: &String| {
        let driver = host::text(hosts.join(name).join("proc_name")).unwrap_or_default();
        let devices = host::names(hosts.join(name).join("device"));
        let has_target = devices.iter().any(|device| device.starts_with("target"));
        let is_one_of = |drivers: &[&str]| drivers.contains(&driver.as_str());
        let is_whole = is_one_of(&QUICK_HOSTS) || (has_target && is_one_of(&ONE_DISK_HOSTS));
        !is_whole
    };
    host::names(&hosts).iter().any(may_scan)
}

/// Is there an NVMe controller that is not ready yet?
fn is_starting(host: &Host) -> bool {
    let controllers = host.sys("class/nvme");
    host::names(&controllers)
        .iter()
        .filter_map(|name| host::text(controllers.join(name).join("state")))
        .any(|state| matches!(state.as_str(), "new" | "resetting" | "connecting"))
}
