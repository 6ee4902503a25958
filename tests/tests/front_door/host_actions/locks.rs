//! The locks of volumes: what a dead host holds is released, by sanlock itself, and nothing else.

use std::time::Duration;

use assay_tests::host_guest::HostGuest;
use assay_tests::wait;
use serde_json::{Value, json};

use super::Lab;

/// sanlock calls a host dead 68 s after its last word, with the timeouts that the lockspace has here.
const DEATH: Duration = Duration::from_secs(150);

/// A lockspace of two hosts on one machine, each a daemon of its own: host 2 holds R1 alone, R2 and
/// `beside` shared, R3 together with host 1, and host 1 holds R4.
const LOCKSPACE: &str = "set -e
    p=/srv/locks/leases
    mkdir /srv/locks /run/neighbour
    truncate -s 8M $p
    truncate -s 1M /srv/locks/beside
    chown -R sanlock:sanlock /srv/locks /run/neighbour
    sanlock direct init -s test:0:$p:0 -o 1
    for i in 1 2 3 4; do sanlock direct init -r test:R$i:$p:$((i * 1048576)); done
    sanlock direct init -r test:beside:/srv/locks/beside:0
    SANLOCK_RUN_DIR=/run/neighbour sanlock daemon -w 0 -h 0 -e neighbour
    timeout 60 sh -c 'until test -S /run/neighbour/sanlock.sock; do sleep 0.1; done'
    sanlock client add_lockspace -s test:1:$p:0 -o 1 &
    SANLOCK_RUN_DIR=/run/neighbour sanlock client add_lockspace -s test:2:$p:0 -o 1
    wait
    hold() {
        SANLOCK_RUN_DIR=$1 setsid sanlock client command -r $2 -c /bin/sleep 100000 \
            </dev/null >/dev/null 2>&1 &
        timeout 60 sh -c \"until SANLOCK_RUN_DIR=$1 sanlock client status | grep -q '^r ${2%:*}'; do sleep 0.1; done\"
    }
    hold /run/neighbour test:R1:$p:1048576
    hold /run/neighbour test:R2:$p:2097152:SH
    hold /run/neighbour test:R3:$p:3145728:SH
    hold /run/sanlock test:R3:$p:3145728:SH
    hold /run/sanlock test:R4:$p:4194304
    hold /run/neighbour test:beside:/srv/locks/beside:0:SH";

/// A volume group whose locks are in sanlock, and of which lvmlockd was told that its storage is gone.
/// Another one is in use. It takes half a minute, in which other things can be done.
const VOLUME_GROUPS: &str = "cat > /root/groups <<'END'
    sed -i 's/.*# use_lvmlockd = .*/use_lvmlockd = 1/; s/.*use_lvmlockd *= *0/use_lvmlockd = 1/' /etc/lvm/lvm.conf
    echo 'local { host_id = 1 }' >> /etc/lvm/lvmlocal.conf
    modprobe -a loop dm_mod
    lvmlockd -o 1 -g sanlock
    for group in vg-gone vg-used; do
        truncate -s 300M /srv/$group
        vgcreate --shared $group $(losetup -f --show /srv/$group)
    done
    lvmlockctl --kill vg-gone
    sanlock client rem_lockspace -s lvm_vg-gone:1:/dev/mapper/vg--gone-lvmlock:0
    touch /root/groups.done
END
    setsid bash -eux /root/groups > /root/groups.log 2>&1 < /dev/null &";

/// Two hosts that live, and then one.
pub(super) async fn a_neighbour_dies(lab: &Lab) {
    let _ = lab.on_guest(|guest| guest.ok("systemctl stop sanlock"));
    let reply = lab.act("repair-locks").await.expect(422);
    assert!(reply.text().contains("sanlock"), "{}", reply.text());
    let before = lab.on_guest(|guest| {
        let _ = guest.ok("systemctl start sanlock");
        let _ = guest.ok(LOCKSPACE);
        held(guest)
    });
    assert_eq!(before.len(), 6, "{before:?}");
    assert_eq!(repaired(lab).await, json!([]));
    let _ = lab.on_guest(|guest| guest.ok("kill -9 $(cat /run/neighbour/sanlock.pid)"));
    assert_eq!(repaired(lab).await, json!([]));
    assert_eq!(lab.on_guest(held), before);
    let _ = lab.on_guest(|guest| guest.ok(VOLUME_GROUPS));
}

pub(super) async fn what_it_held_is_released(lab: &Lab) {
    let _ = lab.on_guest(|guest| {
        guest.ok("timeout 120 sh -c 'until test -e /root/groups.done; do sleep 0.2; done' || { cat /root/groups.log; false; }")
    });
    let hosts = async || lab.on_guest(|guest| guest.ok("sanlock client gets -h 1"));
    let is_dead = |hosts: &String| {
        let mut lines = hosts.lines();
        lines.any(|line| line.starts_with("h 2 ") && line.ends_with("DEAD"))
    };
    wait::until_is("the neighbour is dead", DEATH, hosts, is_dead).await;
    let expected = json!([
        "test:R3 is left alone: it is shared with others than dead hosts",
        "released test:R1, held by dead host 2 (generation 1)",
        "released test:R2, held by dead host 2 (generation 1)",
        "released test:beside, held by dead host 2 (generation 1)",
        "dropped the lockspace of volume group vg-gone",
    ]);
    assert_eq!(repaired(lab).await, expected);
    let left = lab.on_guest(held);
    assert_eq!(left, ["R3 1", "R3 2", "R4 1"]);
    let groups = lab.on_guest(|guest| guest.ok("lvmlockctl --info"));
    assert!(groups.contains("VG vg-used") && !groups.contains("vg-gone"));
    assert_eq!(repaired(lab).await, json!([]));
}

/// What a repair changed; nothing when it changed nothing.
async fn repaired(lab: &Lab) -> Value {
    let _ = lab.act("repair-locks").await.expect(204);
    let result = lab.task("host.action").await["result"].clone();
    if result["changed"] == false {
        return json!([]);
    }
    result["report"].clone()
}

/// Each resource that is held, and by whom, as it stands on the storage.
fn held(guest: &HostGuest) -> Vec<String> {
    let files = ["/srv/locks/leases", "/srv/locks/beside"];
    let dumped = files.map(|file| guest.ok(&format!("sanlock direct dump {file}")));
    let mut held = Vec::new();
    let mut resource = "";
    for line in dumped.iter().flat_map(|text| text.lines()) {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [_, _, name, time, owner, _, version] if version != "lver" => {
                resource = name;
                if time.parse::<u64>().unwrap() > 0 {
                    held.push(format!("{resource} {}", owner.trim_start_matches('0')));
                }
            }
            [host, _, "SH"] => held.push(format!("{resource} {}", host.trim_start_matches('0'))),
            _ => {}
        }
    }
    held
}
