//! Loading of the kernel's modules, without depmod or udev.
//!
//! The builder of the ramdisk writes two files. `modules` has one absolute
//! path a line, in an order in which each comes after those it needs.
//! `modules.alias`, which may be missing, has lines `PATTERN PATH…`: the paths
//! are needed by a device whose modalias matches the pattern. A path that no
//! pattern names is always loaded; without the file all are.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

use crate::host::{self, Host};

/// Loads modules until no new device asks for another: a bus driver's devices
/// appear only once it is loaded. Failures are logged and skipped.
pub(super) fn load(host: &Host, list: &Path, aliases: &Path) {
    let started = Instant::now();
    let list = fs::read_to_string(list).unwrap_or_default();
    let aliases = fs::read_to_string(aliases).unwrap_or_default();
    let plan = Plan::new(&list, &aliases);
    let mut done: HashSet<&str> = HashSet::new();
    loop {
        let devices = modaliases(host);
        let mut wanted = plan.wanted(&devices);
        wanted.retain(|path| done.insert(path));
        if wanted.is_empty() {
            break;
        }
        for path in wanted {
            load_one(host, path);
        }
    }
    host.log.note(format!(
        "modules: tried {} of {} in {} ms",
        done.len(),
        plan.order.len(),
        started.elapsed().as_millis()
    ));
}

fn load_one(host: &Host, path: &str) {
    let outcome = File::open(path)
        .map_err(|error| error.to_string())
        .and_then(|file| {
            rustix::system::finit_module(file, c"", 0).map_err(|error| error.to_string())
        });
    if let Err(error) = outcome {
        host.log.note(format!("modules: {path}: {error}"));
    }
}

/// What each device present says it is.
fn modaliases(host: &Host) -> BTreeSet<String> {
    let buses = host.sys("bus");
    let mut found = BTreeSet::new();
    for bus in host::names(&buses) {
        let devices = buses.join(bus).join("devices");
        for device in host::names(&devices) {
            found.extend(host::text(devices.join(device).join("modalias")));
        }
    }
    found
}

struct Plan<'a> {
    order: Vec<&'a str>,
    aliases: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Plan<'a> {
    fn new(list: &'a str, aliases: &'a str) -> Self {
        let lines = |text: &'a str| text.lines().map(str::trim).filter(|line| !line.is_empty());
        let aliases = lines(aliases).filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.collect()))
        });
        Self {
            order: lines(list).collect(),
            aliases: aliases.collect(),
        }
    }

    /// Paths to load for these devices, in order.
    fn wanted(&self, devices: &BTreeSet<String>) -> Vec<&'a str> {
        let mut asked: HashSet<&str> = HashSet::new();
        let mut conditional: HashSet<&str> = HashSet::new();
        for (pattern, paths) in &self.aliases {
            conditional.extend(paths.iter().copied());
            if devices
                .iter()
                .any(|device| matches(pattern.as_bytes(), device.as_bytes()))
            {
                asked.extend(paths.iter().copied());
            }
        }
        let is_wanted = |path: &&str| !conditional.contains(*path) || asked.contains(*path);
        self.order.iter().copied().filter(is_wanted).collect()
    }
}

/// The part of fnmatch(3) that module aliases use: `*`, `?` and `[…]`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match step(&pattern[at..], text.get(from).copied()) {
            Step::End if from == text.len() => return true,
            Step::Star => {
                at += 1;
                retry = Some((at, from));
            }
            Step::Same(width) => {
                at += width;
                from += 1;
            }
            Step::End | Step::Different => match retry {
                Some((star, begin)) if begin < text.len() => {
                    retry = Some((star, begin + 1));
                    (at, from) = (star, begin + 1);
                }
                _ => return false,
            },
        }
    }
}

enum Step {
    End,
    Star,
    /// The text's byte fits the pattern's element of this width.
    Same(usize),
    Different,
}

fn step(pattern: &[u8], byte: Option<u8>) -> Step {
    match (pattern, byte) {
        ([], _) => Step::End,
        ([b'*', ..], _) => Step::Star,
        ([b'?', ..], Some(_)) => Step::Same(1),
        ([b'[', rest @ ..], Some(byte)) => match rest.iter().position(|&end| end == b']') {
            Some(end) if in_set(&rest[..end], byte) => Step::Same(end + 2),
            _ => Step::Different,
        },
        ([expected, ..], Some(byte)) if *expected == byte => Step::Same(1),
        _ => Step::Different,
    }
}

/// Single bytes and ranges such as `0-9`.
fn in_set(mut set: &[u8], byte: u8) -> bool {
    loop {
        match set {
            [] => return false,
            [low, b'-', high, rest @ ..] => {
                if (*low..=*high).contains(&byte) {
                    return true;
                }
                set = rest;
            }
            [one, rest @ ..] => {
                if *one == byte {
                    return true;
                }
                set = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn aliases_match_as_the_kernel_means_them() {
        let e1000 = b"pci:v00008086d0000100Esv*sd*bc*sc*i*";
        assert!(matches(
            e1000,
            b"pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00"
        ));
        assert!(!matches(
            e1000,
            b"pci:v00008086d0000100Fsv00001AF4sd00001100bc02sc00i00"
        ));
        assert!(matches(
            b"usb:v*p*d*dc*dsc*dp*ic08isc0[2-5]ip50in*",
            b"usb:v1p1d1dc0dsc0dp0ic08isc03ip50in00"
        ));
        assert!(matches(b"a*b?d", b"axxbbcd") && !matches(b"a*b?d", b"axxbbcde"));
        assert!(matches(b"*", b"") && !matches(b"?", b"") && !matches(b"[a", b"a"));
    }

    #[test]
    fn only_what_devices_ask_for_is_loaded_in_order() {
        let list = "/m/base.ko\n/m/net.ko\n/m/other.ko\n/m/always.ko\n";
        let aliases = "virtio:d00000001v* /m/base.ko /m/net.ko\npci:v1* /m/base.ko /m/other.ko\n";
        let plan = Plan::new(list, aliases);
        let devices = BTreeSet::from(["virtio:d00000001v00001AF4".to_owned()]);
        assert_eq!(
            plan.wanted(&devices),
            ["/m/base.ko", "/m/net.ko", "/m/always.ko"]
        );
        assert_eq!(plan.wanted(&BTreeSet::new()), ["/m/always.ko"]);
        assert_eq!(Plan::new(list, "").wanted(&BTreeSet::new()).len(), 4);
    }

    proptest! {
        #[test]
        fn no_pattern_panics_and_literals_match(pattern in "[a-c*?\\[\\]-]{0,12}", text in "[a-c]{0,12}") {
            matches(pattern.as_bytes(), text.as_bytes());
            prop_assert!(matches(text.as_bytes(), text.as_bytes()));
        }
    }
}
