//! The Debian on which actions on hosts are tried is what it is said to be.

use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::Duration;

use assay_tests::host_guest::HostGuest;

/// A request of SNMP version 2c for sysName.0, by the community `public` (RFC 3416).
const GET_NAME: [u8; 40] = *b"\x30\x26\x02\x01\x01\x04\x06public\
    \xa0\x19\x02\x01\x01\x02\x01\x00\x02\x01\x00\
    \x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x05\x00\x05\x00";

#[test]
fn a_debian_boots_with_everything_that_actions_work_on() {
    let guest = HostGuest::start();
    is_the_known_host(&guest);
    runs_its_services(&guest);
    answers_snmp(&guest);
    reaches_nobody_else(&guest);
    has_one_upgrade(&guest);
    serves_a_disk(&guest);
}

/// It has the keys that the test knows, and its SSH server shows them.
fn is_the_known_host(guest: &HostGuest) {
    let shown = guest.ok("cat /etc/ssh/ssh_host_*.pub; hostname; cat /root/.ssh/authorized_keys");
    let [host_key, name, client_key] = shown.lines().map(str::trim).collect::<Vec<_>>()[..] else {
        panic!("{shown}");
    };
    assert_eq!((host_key, name), (guest.host_key().as_str(), "guest"));
    assert!(host_key.starts_with("ssh-ed25519 ") && client_key != host_key);
    assert!(guest.client_key().contains("OPENSSH PRIVATE KEY"));
    assert_eq!(guest.run("exit 3").status.code(), Some(3));
    let address = guest.ssh();
    let shown = Command::new("ssh-keyscan")
        .args(["-t", "ed25519", "-p", &address.port().to_string()])
        .arg(address.ip().to_string())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains(&guest.host_key()), "{shown}");
}

fn runs_its_services(guest: &HostGuest) {
    let units = "ssh snmpd rsyslog tgt iscsid.socket sanlock";
    let states = guest.ok(&format!(
        "systemctl is-system-running; systemctl is-active {units}; systemctl is-enabled {units}"
    ));
    let expected = format!("running\n{}{}", "active\n".repeat(6), "enabled\n".repeat(6));
    assert_eq!(states, expected.trim());
    let name = guest.ok("snmpget -v2c -c public -Oqv 127.0.0.1 .1.3.6.1.2.1.1.5.0");
    assert_eq!(name, "\"guest\"");
    // The line is written a moment after it was taken.
    let written = "until grep --quiet 'guest: a line' /var/log/syslog; do sleep 0.1; done";
    let _ = guest.ok(&format!(
        "logger --tag guest 'a line' && timeout 60 sh -c \"{written}\""
    ));
    let _ = guest.ok("rsyslogd -N1 && iscsid --version");
}

/// Its SNMP agent is reached from here once it listens at the guest's address.
fn answers_snmp(guest: &HostGuest) {
    let _ = guest.ok(
        "sed --in-place 's/^agentaddress.*/agentaddress udp:161/' /etc/snmp/snmpd.conf
        systemctl restart snmpd",
    );
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    socket.connect(guest.snmp()).unwrap();
    let second = Duration::from_secs(1);
    socket.set_read_timeout(Some(second)).unwrap();
    let mut answer = [0; 512];
    let size = (0..60).find_map(|_| {
        socket.send(&GET_NAME).unwrap();
        socket.recv(&mut answer).ok()
    });
    let answer = &answer[..size.expect("an answer within a minute")];
    assert!(answer.ends_with(b"\x04\x05guest"), "{answer:02x?}");
}

/// It has no way out, but finds this host's loopback interface.
fn reaches_nobody_else(guest: &HostGuest) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let tried = guest.ok(&format!(
        "bash -c ': < /dev/tcp/10.0.2.2/{port}'; ip route show default; ip route get 192.0.2.1 2>&1 || true"
    ));
    assert_eq!(tried, "RTNETLINK answers: Network is unreachable");
}

fn has_one_upgrade(guest: &HostGuest) {
    let version = "dpkg-query --show --showformat='${Version}\n' guest-notice";
    let upgrade = "DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes upgrade";
    let upgraded = guest.ok(&format!(
        "apt-get --quiet update && {version} && {upgrade} && {version}"
    ));
    let count = "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.";
    assert!(upgraded.contains(count), "{upgraded}");
    assert!(
        upgraded.contains("\n1.0\n") && upgraded.ends_with("\n1.1"),
        "{upgraded}"
    );
}

fn serves_a_disk(guest: &HostGuest) {
    let target = "iqn.2026-11.test.guest:store";
    let found = guest.ok("iscsiadm -m discovery -t sendtargets -p 127.0.0.1");
    assert_eq!(found, format!("127.0.0.1:3260,1 {target}"));
    let disk = format!("/dev/disk/by-path/ip-127.0.0.1:3260-iscsi-{target}-lun-1");
    let seen = guest.ok(&format!(
        "iscsiadm -m node --login > /dev/null && udevadm wait --timeout=60 {disk}
        blockdev --getsize64 {disk} && iscsiadm -m session && iscsiadm -m node --logout > /dev/null
        iscsiadm -m session 2>&1 || true"
    ));
    let [size, session, none] = seen.lines().collect::<Vec<_>>()[..] else {
        panic!("{seen}");
    };
    assert_eq!(size, (16 * 1024 * 1024).to_string());
    assert!(session.contains(target), "{session}");
    assert_eq!(none, "iscsiadm: No active sessions.");
}
