//! The .deb packages in a Debian of their own: dependencies from the archive, a boot, the services
//! under their restrictions, the demo, an upgrade, removal and purge.

use std::time::{Duration, Instant};

use assay_tests::debian::Debian;
use assay_tests::folder;

const INSTALL: &str = "apt-get --yes --no-install-recommends install";

/// The answer's first line to a request that is made in the system.
const GET: &str = r#"get() {
    exec 3<>/dev/tcp/127.0.0.1/5050
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&3
    head -1 <&3 | tr -d '\r'
}"#;

const AS_ASSAY: &str = "runuser --user assay -- assay --config /etc/assay/assay.toml";

fn until(debian: &Debian, what: &str, script: &str) {
    let began = Instant::now();
    while !debian.sh(script).status.success() {
        let limit = Duration::from_secs(30);
        assert!(began.elapsed() < limit, "{what}\n{}", debian.journal());
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_debian_installs_serves_upgrades_and_purges() {
    let mut debian = Debian::new(&folder::packages());
    installs(&debian);
    debian.boot();
    serves(&debian);
    restarts(&debian);
    serves_apart(&debian);
    boots_machines(&debian);
    upgrades(&debian);
    goes_away(&debian);
}

/// Dependencies come from the archive; nothing is enabled, and the user and his folders are there.
fn installs(debian: &Debian) {
    debian.ok("apt-get --quiet update");
    debian.ok(&format!("{INSTALL} /packages/assay-*.deb"));
    assert_eq!(
        debian.ok("stat -c '%a %U:%G' /etc/assay/assay.toml /var/lib/assay"),
        "640 root:assay\n700 assay:assay"
    );
    assert_eq!(
        debian.ok("getent passwd assay | cut -d: -f6,7"),
        "/var/lib/assay:/usr/sbin/nologin"
    );
    for program in ["assay", "assay-api", "assay-worker"] {
        let version = debian.ok(&format!("{program} --version"));
        assert_eq!(version, format!("{program} 0.1.0"));
    }
    assert_eq!(debian.ok("find /var/lib/assay -type f"), "");
}

/// The all-in-one service, with its defaults.
fn serves(debian: &Debian) {
    for unit in ["assay", "assay-api", "assay-worker"] {
        let state = format!("systemctl is-enabled {unit} || systemctl is-active {unit} || true");
        assert_eq!(debian.ok(&state), "disabled\ninactive", "{unit}");
    }
    debian.ok("systemd-analyze verify --man=no /usr/lib/systemd/system/assay*.service");
    let refused = debian.refused("assay --config /etc/assay/assay.toml user list");
    assert!(refused.contains("runuser -u assay"), "{refused}");
    debian.ok("systemctl start assay");
    debian.ok(&format!(
        "echo 'a long pass phrase' | {AS_ASSAY} user add admin --role admin --password-stdin"
    ));
    let answers = [("/readyz", "200"), ("/v1/introspection", "401")];
    for (path, status) in answers {
        let line = debian.ok(&format!("{GET}; get {path}"));
        assert!(
            line.contains(status),
            "{path}: {line}\n{}",
            debian.journal()
        );
    }
    let process = debian.ok("cat /proc/$(systemctl show --property=MainPID --value assay)/status");
    let has = |line: &str| {
        process
            .lines()
            .any(|own| own.split_whitespace().eq(line.split(' ')))
    };
    for line in ["Seccomp: 2", "NoNewPrivs: 1", "CapBnd: 0000000000000000"] {
        assert!(has(line), "{line}: {process}");
    }
    let modes = debian.ok("find /var/lib/assay -type f -printf '%m %u\n' | sort -u");
    assert_eq!(modes, "600 assay");
}

/// A reload keeps the process, a kill does not keep the service.
fn restarts(debian: &Debian) {
    let process = || debian.ok("systemctl show --property=MainPID --value assay");
    let first = process();
    debian.ok("systemctl reload assay");
    until(
        debian,
        "the reload is logged",
        "journalctl -u assay | grep 'were read again'",
    );
    assert_eq!(process(), first);
    debian.ok("systemctl kill --signal=KILL assay");
    until(
        debian,
        "the service comes again",
        &format!(
            "systemctl is-active assay && [ $(systemctl show --property=MainPID --value assay) != {first} ]"
        ),
    );
    let users = debian.ok(&format!("{AS_ASSAY} user list"));
    assert_eq!(users, "admin\tadmin");
}

/// API and worker as services of their own, which end the all-in-one service.
fn serves_apart(debian: &Debian) {
    debian.ok("systemctl start assay-api assay-worker");
    debian.refused("systemctl is-active assay");
    let status = debian.ok(&format!("{AS_ASSAY} status"));
    for role in ["api", "worker"] {
        assert!(status.contains(role), "{status}");
    }
    debian.ok("systemctl stop assay-api assay-worker");
    let result =
        "systemctl show --property=Result --value assay-api assay-worker | sort -u | xargs";
    assert_eq!(debian.ok(result), "success", "{}", debian.journal());
}

/// The ramdisk of the installed agent and kernel, and the demo that boots it.
fn boots_machines(debian: &Debian) {
    debian.ok("assay --config /etc/assay/assay.toml ramdisk build");
    debian.ok("runuser --user assay -- cat /var/lib/assay/boot/kernel /var/lib/assay/boot/initramfs > /dev/null");
    let demo = debian.ok("cd /tmp; runuser --user assay -- assay demo --once");
    assert!(demo.contains("a QEMU machine"), "{demo}");
    assert!(demo.contains("ASSAY-DEMO-1"), "{demo}");
}

/// A newer version with another configuration: the operator's stays, as does the data, and what ran
/// runs in the new version.
fn upgrades(debian: &Debian) {
    debian.ok("systemctl start assay");
    debian.ok("echo '# the operator was here' >> /etc/assay/assay.toml");
    debian.ok("cd /tmp
        for package in cli server worker; do
            dpkg-deb --raw-extract /packages/assay-${package}_*.deb new
            sed -i 's/0[.]1[.]0-1/0.1.0-2/' new/DEBIAN/control
            if [ $package = cli ]; then
                sed -i '1i # a newer example' new/etc/assay/assay.toml
            fi
            dpkg-deb -Znone --build new assay-$package.deb
            rm -r new
        done");
    let before = debian.ok("systemctl show --property=MainPID --value assay");
    let keep = "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold";
    debian.ok(&format!(
        "{INSTALL} {keep} /tmp/assay-cli.deb /tmp/assay-server.deb /tmp/assay-worker.deb"
    ));
    assert_eq!(
        debian.ok("dpkg-query --show --showformat='${Version}' assay-server"),
        "0.1.0-2"
    );
    assert_eq!(
        debian.ok("tail -1 /etc/assay/assay.toml"),
        "# the operator was here"
    );
    assert_eq!(
        debian.ok("stat -c '%a %U:%G' /etc/assay/assay.toml"),
        "640 root:assay"
    );
    debian.ok("systemctl is-active assay");
    assert_ne!(
        debian.ok("systemctl show --property=MainPID --value assay"),
        before
    );
    debian.refused("systemctl is-active assay-worker");
    assert_eq!(debian.ok(&format!("{AS_ASSAY} user list")), "admin\tadmin");
}

/// Removal ends the service and leaves configuration and data; purge takes both.
fn goes_away(debian: &Debian) {
    debian.ok("apt-get --yes remove 'assay-*'");
    debian.refused("test -e /usr/bin/assay || systemctl is-active assay");
    debian.ok("test -s /etc/assay/assay.toml -a -s /var/lib/assay/assay.db");
    debian.ok("apt-get --yes purge 'assay-*'");
    debian.refused("test -e /etc/assay -o -e /var/lib/assay -o -e /var/lib/assay-dhcp");
    assert_eq!(
        debian.ok("dpkg-query --show 'assay*' 2>/dev/null || true"),
        ""
    );
}
