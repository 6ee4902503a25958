//! Makes any number of distinct machines from a seed.

use std::net::{Ipv4Addr, SocketAddr};

use assay_inventory::Mac;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::hardware::{BootDevice, DiskBus, Firmware, NicModel, SimDisk, SimMachine, SimNic};

const CPUS: &[u32] = &[2, 4, 8, 16, 32, 64];
const MEMORY_GIB: &[u32] = &[2, 4, 8, 16, 64, 256];
const DISK_GIB: &[u32] = &[8, 32, 128, 480, 960];
const BUSES: &[DiskBus] = &[DiskBus::Virtio, DiskBus::Scsi, DiskBus::Sata, DiskBus::Nvme];

/// `count` machines that differ in UUID, serial numbers, MACs and size; the same seed gives the same machines, and
/// seeds that differ in their lowest byte share no MAC. MACs are distinct for up to 1,048,576 machines.
pub fn fleet(count: usize, seed: u64) -> Vec<SimMachine> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count)
        .map(|number| machine(number, seed, &mut random))
        .collect()
}

/// An own loopback address for the BMC of machine `number` (127.1.0.1 upwards), as real BMCs have one each.
pub fn fleet_address(number: usize, port: u16) -> SocketAddr {
    // 250 addresses a block keep clear of .0 and .255.
    let (block, host) = (number / 250, number % 250 + 1);
    let byte = |value: usize| u8::try_from(value % 256).unwrap_or_default();
    SocketAddr::from((
        Ipv4Addr::new(127, byte(1 + block / 256), byte(block), byte(host)),
        port,
    ))
}

fn machine(number: usize, seed: u64, random: &mut StdRng) -> SimMachine {
    let bays = random.random_range(1..=3usize);
    let disks = (0..bays)
        .map(|slot| SimDisk {
            serial: format!("SIMD{seed:04X}{number:06}{slot:02}"),
            size_gib: pick(DISK_GIB, random),
            bus: pick(BUSES, random),
        })
        .collect();
    let cards = random.random_range(1..=3u8);
    SimMachine {
        name: format!("sim-{number:05}"),
        uuid: uuid::Builder::from_random_bytes(random.random()).into_uuid(),
        serial: format!("SIM{seed:04X}{number:06}"),
        manufacturer: "Assay simulator".to_owned(),
        model: "Simulated server".to_owned(),
        cpus: pick(CPUS, random),
        memory_mib: pick(MEMORY_GIB, random) * 1024,
        disks,
        nics: (0..cards)
            .map(|slot| SimNic {
                mac: mac(number, seed, slot),
                model: NicModel::Virtio,
            })
            .collect(),
        bmc_mac: mac(number, seed, 0xff),
        firmware: if random.random() {
            Firmware::Uefi
        } else {
            Firmware::Bios
        },
        default_boot: BootDevice::Disk,
    }
}

fn pick<T: Copy>(from: &[T], random: &mut StdRng) -> T {
    from[random.random_range(0..from.len())]
}

/// Four bits of slot, twenty of the machine's number, and the seed's lowest byte, so that no MAC comes twice.
fn mac(number: usize, seed: u64, slot: u8) -> Mac {
    let [.., high, middle, low] = ((number << 4) | usize::from(slot & 0xf)).to_be_bytes();
    let [.., seed] = seed.to_be_bytes();
    Mac::new([0x00, 0x16, 0x3e ^ seed, high, middle, low])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn machines_are_distinct_and_repeatable() {
        let machines = fleet(3000, 7);
        assert_eq!(machines, fleet(3000, 7));
        assert_ne!(machines[0], fleet(1, 8)[0]);
        let uuids: BTreeSet<_> = machines.iter().map(|machine| machine.uuid).collect();
        let serials: BTreeSet<_> = machines.iter().map(|machine| &machine.serial).collect();
        assert_eq!((uuids.len(), serials.len()), (3000, 3000));
        let macs: Vec<Mac> = machines
            .iter()
            .flat_map(|machine| {
                machine
                    .nics
                    .iter()
                    .map(|nic| nic.mac)
                    .chain([machine.bmc_mac])
            })
            .collect();
        assert_eq!(macs.iter().collect::<BTreeSet<_>>().len(), macs.len());
        assert!(macs.iter().all(|mac| mac.is_unicast() && !mac.is_local()));
        assert!(machines.iter().all(|machine| machine.check().is_ok()));
    }

    #[test]
    fn every_machine_has_its_own_loopback_address() {
        let addresses: BTreeSet<_> = (0..60_000)
            .map(|number| fleet_address(number, 8000))
            .collect();
        assert_eq!(addresses.len(), 60_000);
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(fleet_address(0, 80).to_string(), "127.1.0.1:80");
    }
}
