//! Tests of the network code in network namespaces of their own.
//!
//! Each test starts itself again inside a namespace with two ends of a cable,
//! `server` with 192.0.2.1/24 and `client` without an address.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::dhcp;
use crate::kernel_line::KernelLine;
use crate::lldp;
use crate::log::Log;
use crate::netlink::{self, Link};
use crate::network;
use crate::packet::{LLDP, PacketSocket};
use crate::settings::Settings;

const INSIDE: &str = "ASSAY_TEST_NAMESPACE";
const NEEDS: &str = "needs root, and the Debian packages dnsmasq-base, iproute2 and util-linux";

/// Runs the body in a fresh namespace; the test's full name is needed to find it again.
fn in_namespace(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        prepare();
        return body();
    }
    let own = std::env::current_exe().unwrap();
    let status = Command::new("unshare")
        .args(["--net", "--mount", "--"])
        .arg(own)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .status()
        .unwrap_or_else(|error| panic!("unshare: {error}; this test {NEEDS}"));
    assert!(
        status.success(),
        "failed inside the namespace; this test {NEEDS}"
    );
}

fn prepare() {
    for line in [
        "link set lo up",
        "link add server type veth peer name client",
        "address add 192.0.2.1/24 dev server",
        "link set server up",
    ] {
        let status = Command::new("ip").args(line.split(' ')).status();
        let status = status.unwrap_or_else(|error| panic!("ip: {error}; this test {NEEDS}"));
        assert!(status.success(), "ip {line}; this test {NEEDS}");
    }
}

/// A DHCP server for as long as it is kept.
struct Dnsmasq(Child);

impl Dnsmasq {
    fn start(folder: &Path) -> Self {
        let child = Command::new("dnsmasq")
            .args([
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--port=0",
                "--user=root",
            ])
            .args([
                "--interface=server",
                "--bind-interfaces",
                "--pid-file",
                "--no-ping",
            ])
            .args([
                "--dhcp-range=192.0.2.50,192.0.2.60,255.255.255.0,1h",
                "--dhcp-authoritative",
            ])
            .args([
                "--dhcp-option=3,192.0.2.254",
                "--dhcp-option=6,192.0.2.53,192.0.2.54",
            ])
            .arg(format!(
                "--dhcp-leasefile={}",
                folder.join("leases").display()
            ))
            .spawn();
        Self(child.unwrap_or_else(|error| panic!("dnsmasq: {error}; this test {NEEDS}")))
    }
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn link(name: &str) -> Link {
    let links = netlink::links().unwrap();
    links.into_iter().find(|link| link.name == name).unwrap()
}

fn soon(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

fn settings(line: &str) -> Settings {
    Settings::from_kernel_line(&KernelLine::parse(line))
}

fn log() -> Log {
    Log::new(&KernelLine::default(), None)
}

fn routes() -> String {
    let output = Command::new("ip").args(["-4", "route"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_lease_is_got_from_dnsmasq() {
    in_namespace("namespace_tests::a_lease_is_got_from_dnsmasq", || {
        let folder = tempfile::tempdir().unwrap();
        let _server = Dnsmasq::start(folder.path());
        netlink::set_up(link("client").index, false).unwrap();
        let lease = dhcp::acquire(&link("client"), soon(30)).unwrap();
        assert!((50..=60).contains(&lease.address.octets()[3]), "{lease:?}");
        assert_eq!(lease.prefix, 24);
        assert_eq!(lease.gateway, Some(Ipv4Addr::new(192, 0, 2, 254)));
        assert_eq!(
            lease.nameservers,
            [Ipv4Addr::new(192, 0, 2, 53), Ipv4Addr::new(192, 0, 2, 54)]
        );
        let leases = fs::read_to_string(folder.path().join("leases")).unwrap();
        assert!(
            leases.contains(&link("client").mac().unwrap().to_string()),
            "{leases}"
        );
    });
}

#[test]
fn silence_ends_in_an_error_in_time() {
    in_namespace("namespace_tests::silence_ends_in_an_error_in_time", || {
        netlink::set_up(link("client").index, false).unwrap();
        let error = dhcp::acquire(&link("client"), soon(1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "network: no DHCP server answered on client"
        );
    });
}

#[test]
fn the_network_comes_up_by_dhcp() {
    in_namespace("namespace_tests::the_network_comes_up_by_dhcp", || {
        let folder = tempfile::tempdir().unwrap();
        let resolv_conf = folder.path().join("resolv.conf");
        let cards = || vec!["client".to_owned()];
        // The server comes up only after the client has begun to ask.
        let late = folder.path().to_owned();
        let server = thread::spawn(move || {
            thread::sleep(Duration::from_secs(3));
            Dnsmasq::start(&late)
        });
        let settings = settings("ip=dhcp nameserver=192.0.2.99 assay.network-timeout=40");
        network::bring_up(&settings, cards, &resolv_conf, &log()).unwrap();
        drop(server.join());
        let client = link("client");
        assert!(client.is_up && client.ipv4.is_some(), "{client:?}");
        assert!(
            routes().contains("default via 192.0.2.254 dev client"),
            "{}",
            routes()
        );
        let text = fs::read_to_string(resolv_conf).unwrap();
        assert_eq!(
            text,
            "nameserver 192.0.2.99\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n"
        );
    });
}

#[test]
fn the_network_comes_up_with_the_boot_loaders_lease() {
    in_namespace(
        "namespace_tests::the_network_comes_up_with_the_boot_loaders_lease",
        || {
            let folder = tempfile::tempdir().unwrap();
            let mac = link("client").mac().unwrap().to_bootif();
            let line = format!("ip=192.0.2.77::192.0.2.254:255.255.255.0:::none BOOTIF={mac}");
            let cards = || vec!["server".to_owned(), "client".to_owned()];
            let resolv_conf = folder.path().join("resolv.conf");
            network::bring_up(&settings(&line), cards, &resolv_conf, &log()).unwrap();
            assert_eq!(link("client").ipv4, Some(Ipv4Addr::new(192, 0, 2, 77)));
            assert!(
                routes().contains("default via 192.0.2.254 dev client"),
                "{}",
                routes()
            );
        },
    );
}

#[test]
fn another_card_is_asked_for_when_the_booted_one_is_lost() {
    let test = "namespace_tests::another_card_is_asked_for_when_the_booted_one_is_lost";
    in_namespace(test, || {
        let folder = tempfile::tempdir().unwrap();
        let line = "ip=192.0.2.77:::::: BOOTIF=01-02-00-00-00-00-99 assay.network-timeout=2";
        let cards = || vec!["client".to_owned()];
        let log = log();
        let resolv_conf = folder.path().join("resolv.conf");
        let error = network::bring_up(&settings(line), cards, &resolv_conf, &log).unwrap_err();
        assert_eq!(
            error.to_string(),
            "network: no DHCP server answered on client"
        );
        assert!(
            log.text().contains("no carrier; cards: client"),
            "{}",
            log.text()
        );

        let _server = Dnsmasq::start(folder.path());
        let line = line.replace("timeout=2", "timeout=20");
        network::bring_up(&settings(&line), cards, &resolv_conf, &log).unwrap();
        let octets = link("client").ipv4.unwrap().octets();
        assert!((50..=60).contains(&octets[3]), "{octets:?}");
    });
}

#[test]
fn switches_are_heard() {
    in_namespace("namespace_tests::switches_are_heard", || {
        netlink::set_up(link("client").index, false).unwrap();
        let heard = lldp::listen(&[link("client")], &log());
        let switch = PacketSocket::open(LLDP, link("server").index).unwrap();
        let deadline = soon(20);
        // As switches do, again and again: a fresh link drops what comes first.
        while heard.tlvs("client").is_empty() && Instant::now() < deadline {
            switch.broadcast(&[2, 3, 4, 0xaa, 0xbb, 0, 0]).unwrap();
            heard.wait(&["client".to_owned()], Duration::from_millis(200));
        }
        let tlvs = heard.tlvs("client");
        assert_eq!(
            (tlvs.len(), tlvs[0].0, tlvs[0].1.as_str()),
            (2, 1, "04aabb")
        );
    });
}
