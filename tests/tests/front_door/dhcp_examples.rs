//! The DHCP examples that people copy: accepted by the server they are for, and the same everywhere.

use std::fs;
use std::process::Command;

use assay_tests::folder;

#[test]
fn dnsmasq_takes_its_example() {
    let file = folder::root().join("packaging/dhcp/dnsmasq.conf");
    let output = Command::new("dnsmasq")
        .arg("--test")
        .arg("-C")
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_readme_shows_the_same_dnsmasq_example() {
    let root = folder::root();
    let example = fs::read_to_string(root.join("packaging/dhcp/dnsmasq.conf")).unwrap();
    let lines: Vec<&str> = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.contains(&lines.join("\n")));
}

#[test]
fn every_example_names_the_boot_script() {
    for name in ["dnsmasq.conf", "dhcpd.conf", "kea-dhcp4.json"] {
        let text = fs::read_to_string(folder::root().join("packaging/dhcp").join(name)).unwrap();
        assert!(
            text.contains("http://192.0.2.10:5050/assay/v1/boot/ipxe"),
            "{name}"
        );
    }
}
