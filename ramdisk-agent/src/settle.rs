//! Waiting for disks and cards that drivers are still looking for.

use std::thread;
use std::time::{Duration, Instant};

use crate::host::{self, Host};

const POLL: Duration = Duration::from_millis(25);
/// Quiet that is enough where every device is found while its driver loads.
const QUICK: Duration = Duration::from_millis(150);
/// Quiet that is needed where disks spin up or are found by scanning a fabric.
const SLOW: Duration = Duration::from_secs(3);
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
    let hosts = host.sys("class/scsi_host");
    let is_quick = |name: &String| {
        let driver = host::text(hosts.join(name).join("proc_name"));
        driver.is_some_and(|driver| QUICK_HOSTS.contains(&driver.as_str()))
    };
    if host::names(&hosts).iter().all(is_quick) {
        QUICK
    } else {
        SLOW
    }
}
