//! The rules of ARCHITECTURE.md that a machine can check: who may depend on whom, and how a source
//! file begins and ends.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The longest source file that is not generated, in lines.
const LONGEST_FILE: usize = 500;

/// Each crate of Assay and the crates of Assay that it may know.
const ROOMS: [(&str, &[&str]); 21] = [
    ("assay-inventory", &[]),
    ("assay-domain", &["assay-inventory"]),
    ("assay-admission", &["assay-domain", "assay-inventory"]),
    ("assay-agent", &["assay-inventory"]),
    ("assay-ramdisk", &[]),
    ("assay-store", &["assay-domain", "assay-inventory"]),
    ("assay-hooks", &["assay-domain", "assay-inventory"]),
    ("assay-ipmi", &["assay-domain"]),
    ("assay-hosts", &["assay-domain"]),
    ("assay-moves", &["assay-domain"]),
    (
        "assay-drivers",
        &["assay-domain", "assay-inventory", "assay-ipmi"],
    ),
    ("assay-keystone", &["assay-domain"]),
    ("assay-cloud", &["assay-domain", "assay-keystone"]),
    (
        "assay-sim",
        &["assay-domain", "assay-inventory", "assay-ipmi"],
    ),
    (
        "assay-queue",
        &["assay-domain", "assay-inventory", "assay-store"],
    ),
    (
        "assay-app",
        &[
            "assay-domain",
            "assay-inventory",
            "assay-store",
            "assay-queue",
            "assay-drivers",
            "assay-hooks",
            "assay-admission",
            "assay-hosts",
            "assay-moves",
        ],
    ),
    (
        "assay-api",
        &["assay-app", "assay-domain", "assay-inventory"],
    ),
    (
        "assay-worker",
        &[
            "assay-app",
            "assay-domain",
            "assay-inventory",
            "assay-queue",
        ],
    ),
    ("assay-cli", EVERYTHING),
    ("assay-tests", EVERYTHING),
    ("xtask", &[]),
];

const EVERYTHING: &[&str] = &[
    "assay-admission",
    "assay-api",
    "assay-app",
    "assay-cloud",
    "assay-domain",
    "assay-drivers",
    "assay-hooks",
    "assay-inventory",
    "assay-ipmi",
    "assay-keystone",
    "assay-moves",
    "assay-queue",
    "assay-ramdisk",
    "assay-sim",
    "assay-store",
    "assay-worker",
];

/// Libraries that only the named crates may use directly.
const KEPT_LIBRARIES: [(&str, &[&str]); 6] = [
    ("rocket", &["assay-api"]),
    ("diesel", &["assay-store"]),
    ("lapin", &["assay-queue"]),
    ("nv-redfish", &["assay-drivers"]),
    ("ureq", &["assay-agent"]),
    (
        "reqwest",
        &[
            "assay-cloud",
            "assay-drivers",
            "assay-keystone",
            "assay-sim",
            "assay-cli",
            "assay-tests",
        ],
    ),
];

/// Libraries of I/O that the domain and the inventory must not know.
const NOT_FOR_THE_DOMAIN: [&str; 5] = ["tokio", "rocket", "diesel", "reqwest", "hyper"];

struct Package {
    name: String,
    folder: PathBuf,
    /// Ordinary and build dependencies; those of tests may go further.
    dependencies: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata failed");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(package)
        .collect()
}

fn package(value: &Value) -> Package {
    let manifest = Path::new(value["manifest_path"].as_str().unwrap());
    let dependencies = value["dependencies"].as_array().unwrap().iter();
    Package {
        name: value["name"].as_str().unwrap().to_owned(),
        folder: manifest.parent().unwrap().to_owned(),
        dependencies: dependencies
            .filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
            .collect(),
    }
}

/// Every Rust file of a package, its tests and benches included.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn a_crate_knows_only_the_rooms_below_it() {
    let rooms: BTreeMap<_, _> = ROOMS.into_iter().collect();
    let mut wrong = Vec::new();
    for package in packages() {
        let Some(allowed) = rooms.get(package.name.as_str()) else {
            wrong.push(format!("{} has no place in ROOMS", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            if dependency.starts_with("assay-") && !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{} must not know {dependency}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_library_stays_in_its_room() {
    let mut wrong = Vec::new();
    for package in packages() {
        for (library, rooms) in KEPT_LIBRARIES {
            let used = package.dependencies.iter().any(|name| name == library);
            if used && !rooms.contains(&package.name.as_str()) {
                wrong.push(format!("{} must not use {library}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_domain_knows_no_io() {
    for package in packages() {
        if !["assay-domain", "assay-inventory"].contains(&package.name.as_str()) {
            continue;
        }
        for library in NOT_FOR_THE_DOMAIN {
            let used = package.dependencies.iter().any(|name| name == library);
            assert!(!used, "{} uses {library}", package.name);
        }
    }
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for package in packages() {
        let manifest = fs::read_to_string(package.folder.join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} does not take the workspace's lints",
            package.name
        );
    }
}

#[test]
fn every_crate_forbids_unsafe_code() {
    for package in packages() {
        // Loading modules and rebooting need system calls without a safe wrapper.
        if package.name == "assay-agent" {
            continue;
        }
        let heads = ["src/lib.rs", "src/main.rs"].map(|head| package.folder.join(head));
        let present: Vec<_> = heads.iter().filter(|head| head.exists()).collect();
        assert!(!present.is_empty(), "{} has no head", package.name);
        for head in present {
            let text = fs::read_to_string(head).unwrap();
            assert!(
                text.contains("#![forbid(unsafe_code)]"),
                "{} does not forbid unsafe code",
                head.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_ends_in_time() {
    let mut wrong = Vec::new();
    for source in packages()
        .iter()
        .flat_map(|package| sources(&package.folder))
    {
        let text = fs::read_to_string(&source).unwrap();
        let name = source.strip_prefix(root()).unwrap().display();
        let generated = source.file_name().is_some_and(|file| file == "schema.rs");
        let lines = text.lines().count();
        if lines > LONGEST_FILE && !generated {
            wrong.push(format!("{name} has {lines} lines"));
        }
        if !text.starts_with("//!") && !generated {
            wrong.push(format!("{name} does not begin with //!"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
