//! Signs of life that the guest writes to storages of this host's, and what Assay sees of them.

use assay_tests::{Reply, wait};
use serde_json::{Value, json};

use super::{LIMIT, Lab};

const MOUNT: &str = "mkdir -p /srv/shared && modprobe 9pnet_virtio &&
    mount -t 9p -o trans=virtio,version=9p2000.L shared /srv/shared";

pub(super) async fn signs_of_life_are_written_and_seen(lab: &Lab) {
    let reply = set(lab, true).await.expect(409);
    assert!(reply.text().contains("no availability storage"));
    for name in ["one", "two"] {
        std::fs::create_dir(lab.guest.shared().join(name)).unwrap();
        let storage = json!({"availability_storage": {
            "name": name, "compute_path": format!("/srv/shared/{name}/"),
            "controller_path": lab.guest.shared().join(name),
        }});
        let client = lab.server.client();
        let _ = client
            .post("/v1/availability-storages/", &storage)
            .await
            .expect(200);
    }
    let both = json!({"availability_storages": [1, 2]});
    let path = "/v1/nodes/1/availability-storages/";
    let _ = lab.server.client().post(path, &both).await.expect(204);

    let reply = set(lab, true).await.expect(422);
    assert!(reply.text().contains("/srv/shared/one"), "{}", reply.text());
    let _ = lab.on_guest(|guest| guest.ok(MOUNT));
    let _ = set(lab, true).await.expect(204);
    shown(lab, &["beating", "beating"]).await;
    let _ = set(lab, true).await.expect(204);
    assert_eq!(lab.task("host.action").await["result"]["changed"], false);

    // One storage is lost to the host, then all are.
    let _ = lab.on_guest(|guest| guest.ok("systemctl is-active assay-heartbeat"));
    let _ = lab.on_guest(|guest| guest.ok("mount -t tmpfs none /srv/shared/two"));
    shown(lab, &["beating", "silent"]).await;
    let _ =
        lab.on_guest(|guest| guest.ok("umount /srv/shared/two && systemctl stop assay-heartbeat"));
    let host = shown(lab, &["silent", "silent"]).await;
    assert_eq!(host["silent"], true);
    // Somebody stopped it: it is set again when that is asked for.
    let _ = set(lab, true).await.expect(204);
    assert_eq!(lab.task("host.action").await["result"]["changed"], true);
    let host = shown(lab, &["beating", "beating"]).await;
    assert_eq!(
        (&host["silent"], &host["verdict"]),
        (&json!(false), &Value::Null)
    );

    let _ = set(lab, false).await.expect(204);
    for name in ["one", "two"] {
        let folder = lab.guest.shared().join(name).join(".assay-heartbeats");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    }
    let all = lab.server.client().get("/assay/v1/heartbeats").await;
    assert_eq!(all.expect(200).json()["hosts"], json!([]));
    let _ = lab.on_guest(|guest| {
        guest.ok(
            "! ls /etc/assay-heartbeat.conf /usr/local/sbin/assay-heartbeat && umount /srv/shared",
        )
    });
}

async fn set(lab: &Lab, wanted: bool) -> Reply {
    let path = "/assay/v1/nodes/host/heartbeat";
    let body = json!({ "enabled": wanted });
    lab.server.client().put(path, &body).await
}

/// The host once its storages are in these states.
async fn shown(lab: &Lab, states: &[&str]) -> Value {
    let looked = async || {
        let all = lab.server.client().get("/assay/v1/heartbeats").await;
        all.expect(200).json()["hosts"][0].clone()
    };
    let is_so = |host: &Value| {
        let storages = host["storages"].as_array().cloned().unwrap_or_default();
        storages.iter().map(|one| &one["state"]).eq(states)
    };
    wait::until_is("the storages are so", LIMIT, looked, is_so).await
}
