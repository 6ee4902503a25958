//! What each package has and needs, the same in both formats.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use assay_tests::folder;

use crate::made::{self, NAMES, said};

/// Mode and path of every file; each .deb has its copyright besides.
fn expected(package: &str) -> Vec<(&'static str, &'static str)> {
    match package {
        "assay-cli" => vec![
            ("-rw-r-----", "/etc/assay/assay.toml"),
            ("-rw-r--r--", "/etc/assay/pdu-profiles/README"),
            ("-rwxr-xr-x", "/usr/bin/assay"),
            ("-rw-r--r--", "/usr/lib/sysusers.d/assay.conf"),
            ("-rw-r--r--", "/usr/lib/tmpfiles.d/assay.conf"),
            ("-rw-r--r--", "/usr/share/doc/assay-cli/README.md"),
            ("-rw-r--r--", "/usr/share/doc/assay-cli/dhcp/dhcpd.conf"),
            ("-rw-r--r--", "/usr/share/doc/assay-cli/dhcp/dnsmasq.conf"),
            ("-rw-r--r--", "/usr/share/doc/assay-cli/dhcp/kea-dhcp4.json"),
        ],
        "assay-server" => vec![
            ("-rwxr-xr-x", "/usr/bin/assay-api"),
            ("-rw-r--r--", "/usr/lib/systemd/system/assay-api.service"),
            ("-rw-r--r--", "/usr/lib/systemd/system/assay.service"),
        ],
        "assay-worker" => vec![
            ("-rwxr-xr-x", "/usr/bin/assay-worker"),
            ("-rw-r--r--", "/usr/lib/systemd/system/assay-worker.service"),
        ],
        "assay-agent" => vec![("-rwxr-xr-x", "/usr/lib/assay/assay-agent")],
        other => panic!("{other} is new: say here what it has"),
    }
}

fn pairs(lines: &str) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, &str)> = lines
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    found.sort_by_key(|(_, path)| *path);
    found
}

#[test]
fn a_deb_has_its_files_and_no_other() {
    for package in NAMES {
        let listing = said("dpkg-deb", &["--contents"], &made::deb(package));
        let copyright = format!("/usr/share/doc/{package}/copyright");
        let mut lines = String::new();
        for line in listing.lines().filter(|line| !line.starts_with('d')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words[1], "0/0", "owner in {line}");
            let path = words[5].trim_start_matches('.');
            if path != copyright {
                lines.extend([words[0], " ", path, "\n"]);
            }
        }
        assert_eq!(pairs(&lines), expected(package), "{package}");
        assert!(listing.contains(&copyright), "{package}");
    }
}

#[test]
fn an_rpm_has_its_files_and_no_other() {
    for package in NAMES {
        let query = [
            "-qp",
            "--queryformat",
            "[%{FILEMODES:perms} %{FILENAMES}\n]",
        ];
        let listing = said("rpm", &query, &made::rpm(package));
        assert_eq!(pairs(&listing), expected(package), "{package}");
    }
}

#[test]
fn the_configuration_is_the_operators_in_both_formats() {
    let conffiles = ["--info"];
    let deb = Command::new("dpkg-deb")
        .args(conffiles)
        .arg(made::deb("assay-cli"))
        .arg("conffiles")
        .output()
        .unwrap();
    // Debian Policy 10.7.3: each file below /etc is a conffile, the README beside
    // the profiles too.
    assert_eq!(
        String::from_utf8_lossy(&deb.stdout).trim(),
        "/etc/assay/assay.toml\n/etc/assay/pdu-profiles/README"
    );
    let query = [
        "-qp",
        "--queryformat",
        "[%{FILEFLAGS:fflags} %{FILENAMES}\n]",
    ];
    let rpm = said("rpm", &query, &made::rpm("assay-cli"));
    assert!(rpm.contains("cn /etc/assay/assay.toml\n"), "{rpm}");
}

#[test]
fn who_needs_whom() {
    for package in NAMES {
        let depends = said(
            "dpkg-deb",
            &["--show", "--showformat=${Depends}"],
            &made::deb(package),
        );
        let requires = said("rpm", &["-qp", "--requires"], &made::rpm(package));
        let libraries = package != "assay-agent";
        assert_eq!(
            depends.contains("libc6 (>="),
            libraries,
            "{package}: {depends}"
        );
        assert_eq!(
            requires.contains("libc.so.6"),
            libraries,
            "{package}: {requires}"
        );
        let beside = ["assay-server", "assay-worker"].contains(&package);
        assert_eq!(
            depends.contains("assay-cli (= 0.1.0-1)"),
            beside,
            "{package}"
        );
        assert_eq!(requires.contains("assay-cli = 0.1.0"), beside, "{package}");
    }
}

#[test]
fn the_agent_needs_no_library() {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = Command::new("dpkg-deb")
        .arg("--extract")
        .args([&made::deb("assay-agent"), folder.path()])
        .status();
    assert!(unpacked.unwrap().success());
    let agent = folder.path().join("usr/lib/assay/assay-agent");
    let headers = said("readelf", &["--wide", "--program-headers"], &agent);
    assert!(headers.contains("LOAD"), "{headers}");
    assert!(!headers.contains("INTERP"), "{headers}");
}

/// The newest glibc version, as `GLIBC_2.x`, among words that name some.
fn newest(text: &str) -> u32 {
    let minors = text.split("GLIBC_2.").skip(1).filter_map(|rest| {
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..end].parse().ok()
    });
    minors.max().expect("a program of glibc")
}

#[test]
fn the_glibc_floor_is_what_the_programs_need_and_what_is_stated() {
    let readme = fs::read_to_string(folder::root().join("packaging/README.md")).unwrap();
    let (_, rest) = readme.split_once("glibc 2.").expect("the floor is stated");
    let stated: u32 = rest[..2].parse().unwrap();
    for (package, program) in [
        ("assay-cli", "assay"),
        ("assay-server", "assay-api"),
        ("assay-worker", "assay-worker"),
    ] {
        let built: PathBuf = folder::packages().join("rpm/target/release").join(program);
        let needs = newest(&said("readelf", &["--version-info", "--wide"], &built));
        let required = newest(&said("rpm", &["-qp", "--requires"], &made::rpm(package)));
        assert_eq!(needs, required, "{package} requires what its program needs");
        assert_eq!(
            needs, stated,
            "packaging/README.md states what {program} needs"
        );
    }
}

#[test]
fn scripts_start_nothing_and_the_configuration_asks_who_is_there() {
    for package in NAMES {
        let folder = tempfile::tempdir().unwrap();
        let unpacked = Command::new("dpkg-deb")
            .arg("--control")
            .args([&made::deb(package), folder.path()])
            .status();
        assert!(unpacked.unwrap().success());
        for script in ["preinst", "postinst"] {
            let text = fs::read_to_string(folder.path().join(script)).unwrap_or_default();
            assert!(!text.contains("invoke start"), "{package} {script}: {text}");
            assert!(
                !text.contains("invoke restart"),
                "{package} {script}: {text}"
            );
        }
        let scripts = said("rpm", &["-qp", "--scripts"], &made::rpm(package));
        assert!(!scripts.contains("enable"), "{package}: {scripts}");
        assert!(!scripts.contains("systemctl start"), "{package}: {scripts}");
    }
    let example = folder::root().join("packaging/assay.toml.example");
    let settings = fs::read_to_string(example).unwrap();
    assert!(settings.contains("\nauth = \"required\"\n"));
    assert!(settings.contains("\nlisten = \"127.0.0.1:5050\"\n"));
}
