//! Volumes on a storage host: real ones of LVM's, mirrored, moved from disk to disk, and found locked.

use std::time::Duration;

use assay_tests::document::Document;
use assay_tests::host_guest::HostGuest;
use assay_tests::{Reply, wait};
use serde_json::{Value, json};

use super::{LIMIT, Lab};

/// The second group comes to be when the locks are tried.
pub(super) const BACKENDS: &str = "
    [[volume_backends]]
    name = 'plain'
    node = 'host'
    vg_name = 'vol'

    [[volume_backends]]
    name = 'sanlock'
    node = 'host'
    vg_name = 'vg-used'
    protocol = 'fibre_channel'
";

/// The document's disks, slow on demand but for their first MiB, where LVM has its own things. They
/// are made while other things are tried, and before or after lvmlockd runs.
const DISKS: &str = "modprobe -a loop dm_mod dm_delay dm_mirror dm_raid dm_thin_pool raid1
    cat > /root/slow <<'END'
    set -e
    disk=$1
    size=$(( $(blockdev --getsz $disk) - 10240 ))
    printf '%s\\n' \"0 2048 linear $disk 8192\" \"2048 $size delay $disk 10240 0 $disk 10240 $4\" > /root/table
    dmsetup $3 $2 /root/table
    [ $3 = create ] || dmsetup resume $2
END
    cat > /root/disks <<'END'
    for name in mpathb mpathc; do
        truncate -s 120M /srv/$name
        losetup -f --show /srv/$name > /root/$name
        sh /root/slow $(cat /root/$name) $name create 0
    done
    alone='--config global/use_lvmlockd=0'
    vgcreate $alone vol /dev/mapper/mpathb /dev/mapper/mpathc
    volume=volume-cfae37a3-6e8f-4bc8-862e-85db07ff429f
    lvcreate $alone -y -L 32M -n $volume vol /dev/mapper/mpathb
    head -c 33554432 /dev/urandom > /dev/vol/$volume
    sync
    touch /root/disks.done
END
    setsid bash -eux /root/disks > /root/disks.log 2>&1 < /dev/null &";

const VOLUME: &str = "cfae37a3-6e8f-4bc8-862e-85db07ff429f";
const THIN: &str = "11111111-1111-4111-8111-111111111111";
const LOCKED: &str = "22222222-2222-4222-8222-222222222222";
const DISK_B: &str = "/dev/mapper/mpathb";
const DISK_C: &str = "/dev/mapper/mpathc";

pub(super) fn disks_are_made(lab: &Lab) {
    let _ = lab.on_guest(|guest| guest.ok(DISKS));
}

pub(super) async fn they_are_mirrored_and_moved(lab: &mut Lab) {
    for made in ["disks", "groups"] {
        let wait = format!(
            "timeout 120 sh -c 'until test -e /root/{made}.done; do sleep 0.2; done' || {{ cat /root/{made}.log; false; }}"
        );
        let _ = lab.on_guest(|guest| guest.ok(&wait));
    }
    locks_are_shown(lab).await;
    let before = lab.on_guest(data);
    as_the_document_shows(lab).await;
    assert_eq!(lab.on_guest(data), before);
    what_cannot_be_is_refused(lab).await;
    a_move_is_broken_off(lab).await;
    assert_eq!(lab.on_guest(data), before);
    a_move_outlives_its_worker(lab).await;
    assert_eq!(lab.on_guest(data), before);
}

/// The checksum of what is in the volume.
fn data(guest: &HostGuest) -> String {
    guest.ok(&format!(
        "echo 3 > /proc/sys/vm/drop_caches; cksum < /dev/vol/volume-{VOLUME}"
    ))
}

/// A group that a lock manager lets hosts share, and one that none does.
async fn locks_are_shown(lab: &Lab) {
    let _ = lab.on_guest(|guest| {
        guest.ok(&format!(
            "lvcreate -q -y -an -L 4M -n volume-{LOCKED} vg-used 2>&1"
        ))
    });
    let free = shown(lab, LOCKED).await;
    assert_eq!(
        (&free["lock_hosts"], &free["lock_exclusive"]),
        (&json!([]), &json!(false))
    );
    for (mode, is_exclusive) in [("ey", true), ("sy", false)] {
        let _ = lab.on_guest(|guest| {
            guest.ok(&format!(
                "lvchange -q -an vg-used/volume-{LOCKED} && lvchange -q -a{mode} vg-used/volume-{LOCKED}"
            ))
        });
        let held = shown(lab, LOCKED).await;
        assert_eq!(held["volume_backend_name"], "sanlock");
        assert_eq!(held["lock_hosts"], json!(["host"]));
        assert_eq!(held["lock_exclusive"], is_exclusive);
    }
}

/// The document's own commands.
async fn as_the_document_shows(lab: &Lab) {
    let document = Document::new(lab.server.client());
    let id = json!(VOLUME);
    let volume = [("volume_id", &id)];
    let holds = |row: &str| tokio::task::block_in_place(|| document.holds(row, &volume));
    let backends = holds("volume_backends.list");
    assert_eq!(backends[0]["volume_backend_name"], "plain");
    assert_eq!(backends[0]["protocol"], "iscsi");
    assert_eq!(backends[0]["total_size"], "0.22");
    assert_eq!(backends[1]["protocol"], "fibre_channel");
    let disk = &backends[0]["physical_volumes"][0];
    assert_eq!(
        disk,
        &json!({"pv_name": DISK_B, "vg_name": "vol", "pv_attr": "a--", "pv_size": "112.00m", "pv_free": disk["pv_free"]})
    );
    let listed = holds("volumes.list")["volumes"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");

    let one = holds("volumes.get")["volume"].clone();
    let lv = &one["logical_volume"];
    assert_eq!(
        (&lv["lv_size"], &lv["mirror_count"]),
        (&json!("32.00m"), &json!("1"))
    );
    assert_eq!(lv["devices"], json!([{"pv": DISK_B, "seg_size": "32.00m"}]));
    assert_eq!(one["thin_enabled"], false);
    assert_eq!(one["lock_hosts"], json!([]));

    holds("volumes.mirror");
    assert_eq!(lab.task("volume.action").await["result"]["changed"], true);
    assert_eq!(copies(lab).await, (json!("2"), vec![DISK_B, DISK_C]));
    holds("volumes.mirror");
    assert_eq!(lab.task("volume.action").await["result"]["changed"], false);
    let reply = mirror(lab, VOLUME, json!(5)).await.expect(409);
    assert!(reply.text().contains("nsufficient"), "{}", reply.text());
    assert_eq!(copies(lab).await.0, "2");
    let _ = mirror(lab, VOLUME, json!(0)).await.expect(204);
    assert_eq!(copies(lab).await, (json!("1"), vec![DISK_B]));

    holds("volumes.pv_migrate");
    assert_eq!(copies(lab).await, (json!("1"), vec![DISK_C]));
    holds("volumes.pv_migrate");
    assert_eq!(lab.task("volume.action").await["result"]["changed"], false);
}

async fn what_cannot_be_is_refused(lab: &Lab) {
    let unknown = "33333333-3333-4333-8333-333333333333";
    let path = format!("/v1/volumes/{unknown}");
    let _ = lab.server.client().get(&path).await.expect(404);
    for bad in [json!(-1), json!(64), json!("1"), Value::Null] {
        let _ = mirror(lab, VOLUME, bad).await.expect(400);
    }
    for (source, destination, named) in [
        ("mpathc", None, "source_pv"),
        ("/dev/$(reboot)", None, "$(reboot)"),
        (DISK_C, Some("/dev/nowhere"), "/dev/nowhere"),
        (DISK_C, Some(DISK_C), "dest_pv"),
    ] {
        let reply = migrate(lab, VOLUME, source, destination).await.expect(400);
        assert!(reply.text().contains(named), "{}", reply.text());
    }
    let _ = lab.on_guest(|guest| {
        guest.ok(&format!(
            "lvcreate -y -L 8M --type thin-pool -n pool vol 2>&1 && \
             lvcreate -y -T -V 32M -n volume-{THIN} vol/pool 2>&1"
        ))
    });
    let reply = migrate(lab, THIN, DISK_B, None).await.expect(409);
    assert!(reply.text().contains("pool"), "{}", reply.text());
    let reply = mirror(lab, THIN, json!(1)).await.expect(409);
    assert!(reply.text().contains("type thin"), "{}", reply.text());
    assert_eq!(shown(lab, THIN).await["thin_enabled"], true);
    let path = "/v1/volume-backends/?vg_name=like:v%25l&host=host&limit=1";
    let filtered = lab.server.client().get(path).await.expect(200).json();
    assert_eq!(filtered.as_array().unwrap().len(), 1);
    assert_eq!(filtered[0]["vg_name"], "vol");
}

async fn a_move_is_broken_off(lab: &Lab) {
    let task = begin_slow_move(lab, 1200).await;
    let path = format!("/v1/tasks/{task}/actions/revoke");
    let _ = lab.server.client().post_empty(&path).await.expect(204);
    has_ended(lab, &task, "REVOKED").await;
    assert_eq!(copies(lab).await, (json!("1"), vec![DISK_C]));
}

/// Another worker follows what the one before had begun, and begins nothing.
async fn a_move_outlives_its_worker(lab: &mut Lab) {
    let before = lab.on_guest(moves_begun);
    let task = begin_slow_move(lab, 2500).await;
    lab.server.kill();
    lab.server.start_again();
    let path = format!("/v1/tasks/{task}");
    let state = async || lab.server.client().get(&path).await.expect(200).text();
    let is_taken = |state: &String| state.contains("and still moves");
    wait::until_is("it is taken over", LIMIT, state, is_taken).await;
    lab.on_guest(|guest| make(guest, 0));
    has_ended(lab, &task, "SUCCESS").await;
    assert_eq!(copies(lab).await, (json!("1"), vec![DISK_B]));
    assert_eq!(lab.on_guest(moves_begun), before + 1);
}

/// Begins to move the volume back to a disk that takes `delay` ms for a write, and waits until that is
/// under way.
async fn begin_slow_move(lab: &Lab, delay: u32) -> String {
    lab.on_guest(|guest| make(guest, delay));
    let path = format!("/v1/volumes/{VOLUME}/actions/pv-migrate");
    let body = json!({"source_pv": DISK_C});
    let client = lab.server.client().clone();
    // Its answer comes when the task has ended, or never.
    drop(tokio::spawn(async move {
        let request = client.request(reqwest::Method::POST, &path);
        let _ = request.json(&body).send().await;
    }));
    let newest = async || {
        let task = lab.task("volume.action").await;
        let is_new = task["status"] == "STARTED";
        is_new.then(|| task["id"].as_str().unwrap().to_owned())
    };
    let task = wait::until("it has begun", LIMIT, newest).await;
    let path = format!("/v1/tasks/{task}");
    let state = async || lab.server.client().get(&path).await.expect(200).text();
    let says = |state: &String| state.contains("% is copied");
    wait::until_is("it says how far it is", LIMIT, state, says).await;
    task
}

async fn has_ended(lab: &Lab, task: &str, status: &str) {
    let path = format!("/v1/tasks/{task}");
    let state = async || lab.server.client().get(&path).await.expect(200).json();
    let has = |state: &Value| state["status"] == status;
    wait::until_is(status, LIMIT + Duration::from_secs(60), state, has).await;
}

/// Makes the disk that the volume is moved back to as slow as that, in ms for a write.
fn make(guest: &HostGuest, delay: u32) {
    let _ = guest.ok(&format!(
        "sh /root/slow $(cat /root/mpathb) mpathb load {delay}"
    ));
}

/// How often LVM was told to begin a move; it keeps what was before each.
fn moves_begun(guest: &HostGuest) -> usize {
    let kept = guest.ok("grep -h ^description /etc/lvm/archive/vol_* | grep -c 'pvmove --atomic'");
    kept.parse().unwrap()
}

async fn shown(lab: &Lab, id: &str) -> Value {
    let path = format!("/v1/volumes/{id}");
    let shown = lab.server.client().get(&path).await;
    shown.expect(200).json()["volume"].clone()
}

/// The volume's `mirror_count`, and the disks that it lies on.
async fn copies(lab: &Lab) -> (Value, Vec<&'static str>) {
    let shown = shown(lab, VOLUME).await;
    let lv = &shown["logical_volume"];
    assert_eq!(lv["lv_status"], Value::Null, "{shown}");
    let places = lv["devices"].as_array().unwrap();
    let is_on = |disk: &&str| places.iter().any(|place| place["pv"] == **disk);
    let disks: Vec<_> = [DISK_B, DISK_C].into_iter().filter(is_on).collect();
    assert_eq!(places.len(), disks.len(), "{shown}");
    (lv["mirror_count"].clone(), disks)
}

async fn mirror(lab: &Lab, id: &str, count: Value) -> Reply {
    let path = format!("/v1/volumes/{id}/actions/mirror");
    let body = json!({"mirror_count": count});
    lab.server.client().post(&path, &body).await
}

async fn migrate(lab: &Lab, id: &str, source: &str, destination: Option<&str>) -> Reply {
    let path = format!("/v1/volumes/{id}/actions/pv-migrate");
    let body = json!({"source_pv": source, "dest_pv": destination});
    lab.server.client().post(&path, &body).await
}
