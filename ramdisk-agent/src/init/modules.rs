//! Loading of the kernel's modules, without depmod or udev.
//!
//! The builder of the ramdisk writes two files of absolute paths. `modules`
//! has one a line, each after those it needs. `modules.alias` has lines
//! `PATTERN PATH…`: the paths are needed by a device whose modalias matches
//! the pattern; those of the pattern `*` by every machine. Without
//! `modules.alias` all modules are loaded.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

use crate::host::{self, Host};

/// The modules of the ramdisk, and which of them were tried.
pub(super) struct Modules {
    list: String,
    aliases: Option<String>,
    done: HashSet<String>,
}

impl Modules {
    /// Reads the builder's files in this folder; a missing one is empty.
    pub(super) fn read(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name));
        Self {
            list: text("modules").unwrap_or_default(),
            aliases: text("modules.alias").ok(),
            done: HashSet::new(),
        }
    }

    /// Loads modules until no device present asks for another: a bus driver's
    /// devices appear only once it is loaded, and USB's later still, so call
    /// it again. Failures are logged and skipped. True when anything was tried.
    pub(super) fn load(&mut self, host: &Host) -> bool {
        let started = Instant::now();
        let plan = Plan::new(&self.list, self.aliases.as_deref());
        let before = self.done.len();
        loop {
            let mut wanted = plan.wanted(&modaliases(host));
            wanted.retain(|path| self.done.insert((*path).to_owned()));
            if wanted.is_empty() {
                break;
            }
            for path in wanted {
                load_one(host, path);
            }
        }
        let tried = self.done.len() - before;
        if tried > 0 {
            let (all, took) = (plan.order.len(), started.elapsed().as_millis());
            host.log
                .note(format!("modules: tried {tried} of {all} in {took} ms"));
        }
        tried > 0
    }
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
    aliases: Option<Vec<Alias<'a>>>,
}

struct Alias<'a> {
    pattern: &'a str,
    paths: Vec<&'a str>,
}

impl<'a> Plan<'a> {
    fn new(list: &'a str, aliases: Option<&'a str>) -> Self {
        let lines = |text: &'a str| text.lines().map(str::trim).filter(|line| !line.is_empty());
        let alias = |line: &'a str| {
            let mut words = line.split_whitespace();
            let pattern = words.next()?;
            let paths = words.collect();
            Some(Alias { pattern, paths })
        };
        Self {
            order: lines(list).collect(),
            aliases: aliases.map(|text| lines(text).filter_map(alias).collect()),
        }
    }

    /// Paths to load for these devices, in order.
    fn wanted(&self, devices: &BTreeSet<String>) -> Vec<&'a str> {
        let Some(aliases) = &self.aliases else {
            return self.order.clone();
        };
        let mut wanted: HashSet<&str> = HashSet::new();
        for Alias { pattern, paths } in aliases {
            let asks = |device: &String| matches(pattern.as_bytes(), device.as_bytes());
            if *pattern == "*" || devices.iter().any(asks) {
                wanted.extend(paths.iter().copied());
            }
        }
        let order = self.order.iter().copied();
        order.filter(|path| wanted.contains(path)).collect()
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
        let aliases = "* /m/always.ko\nvirtio:d00000001v* /m/base.ko /m/net.ko\npci:v1* /m/base.ko /m/other.ko\n";
        let plan = Plan::new(list, Some(aliases));
        let devices = BTreeSet::from(["virtio:d00000001v00001AF4".to_owned()]);
        assert_eq!(
            plan.wanted(&devices),
            ["/m/base.ko", "/m/net.ko", "/m/always.ko"]
        );
        assert_eq!(plan.wanted(&BTreeSet::new()), ["/m/always.ko"]);
        assert_eq!(Plan::new(list, None).wanted(&BTreeSet::new()).len(), 4);
    }

    proptest! {
        #[test]
        fn no_pattern_panics_and_literals_match(pattern in "[a-c*?\\[\\]-]{0,12}", text in "[a-c]{0,12}") {
            matches(pattern.as_bytes(), text.as_bytes());
            prop_assert!(matches(text.as_bytes(), text.as_bytes()));
        }
    }
}
