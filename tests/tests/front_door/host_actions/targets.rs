//! iSCSI targets: asked for, logged in to by a host, and shown as its `nas`.

use serde_json::{Value, json};

use assay_tests::Reply;

use super::Lab;

const STORE: &str = "iqn.2026-11.test.guest:store";
const VOLUME: &str = "iqn.2010-10.org.openstack:volume-1";
/// The guest's own address.
const ADDRESS: &str = "10.0.2.15";

/// The storage is the guest itself, as another node; a third node has no address.
pub(super) async fn targets_are_found_and_attached(lab: &Lab) {
    for node in [
        json!({"name": "store.example.org", "ip_addresses": [ADDRESS]}),
        json!({"name": "nowhere"}),
    ] {
        let body = json!({ "node": node });
        let _ = lab
            .server
            .client()
            .post("/v1/nodes/", &body)
            .await
            .expect(200);
    }
    assert_eq!(nas(lab).await, Value::Null);
    storage_is_asked(lab).await;
    what_cannot_be_attached_is_named(lab).await;
    targets_are_attached(lab).await;
    a_volume_is_attached_by_its_own_name(lab).await;
}

async fn storage_is_asked(lab: &Lab) {
    let reply = discover(lab, 2).await.expect(200);
    assert_eq!(reply.json(), json!({"targets": {ADDRESS: [STORE]}}));
    let result = lab.task("host.action").await["result"].clone();
    assert_eq!(result["sessions"], json!({}));
    assert_eq!(nas(lab).await, json!({}));
    let known = lab.on_guest(|guest| guest.ok("iscsiadm -m node 2>&1 || true"));
    assert_eq!(known, "iscsiadm: No records found");

    let _ = discover(lab, 99).await.expect(404);
    let reply = discover(lab, 3).await.expect(409);
    assert!(reply.text().contains("nowhere"), "{}", reply.text());
    let path = "/v1/nodes/99/actions/discovery-nas";
    let body = json!({"storage_id": 2});
    let _ = lab.server.client().post(path, &body).await.expect(404);
}

async fn what_cannot_be_attached_is_named(lab: &Lab) {
    for (targets, named) in [
        (
            json!({ADDRESS: ["iqn.2026-11.test.guest:a;reboot"]}),
            "a;reboot",
        ),
        (json!({ADDRESS: ["--logout"]}), "--logout"),
        (json!({ADDRESS: []}), "targets"),
        (json!({}), "targets"),
        (json!({"store": [STORE]}), "'store'"),
    ] {
        let reply = attach(lab, &targets).await.expect(400);
        assert!(reply.text().contains(named), "{}", reply.text());
    }
    let unknown = "iqn.2026-11.test.guest:unknown";
    let reply = attach(lab, &json!({ADDRESS: [unknown]})).await.expect(409);
    assert!(reply.text().contains(unknown), "{}", reply.text());
    let reply = attach(lab, &json!({ADDRESS: ["volume-9"]}))
        .await
        .expect(409);
    assert!(reply.text().contains("volume-9"), "{}", reply.text());
    let known = lab.on_guest(|guest| guest.ok("iscsiadm -m node 2>&1 || true"));
    assert_eq!(known, "iscsiadm: No records found");
}

async fn targets_are_attached(lab: &Lab) {
    let wanted = json!({ADDRESS: [STORE]});
    for changed in [true, false] {
        let _ = attach(lab, &wanted).await.expect(204);
        let result = lab.task("host.action").await["result"].clone();
        assert_eq!(result["changed"], changed, "{result}");
        assert_eq!(result["sessions"], wanted);
    }
    assert_eq!(nas(lab).await, json!({"store.example.org": [STORE]}));
    let list = lab.server.client().get("/v1/nodes/").await.expect(200);
    assert!(!list.text().contains(STORE));
    let seen = lab.on_guest(|guest| {
        guest.ok(&format!(
            "iscsiadm -m session && iscsiadm -m node -T {STORE} | grep node.startup"
        ))
    });
    let [session, startup] = seen.lines().collect::<Vec<_>>()[..] else {
        panic!("{seen}");
    };
    assert!(
        session.contains(&format!("{ADDRESS}:3260,1 {STORE}")),
        "{session}"
    );
    assert_eq!(startup, "node.startup = automatic");
}

/// At an address that no node has.
async fn a_volume_is_attached_by_its_own_name(lab: &Lab) {
    let _ = lab.on_guest(|guest| {
        guest.ok(&format!(
            "tgtadm --lld iscsi --op new --mode target --tid 9 -T {VOLUME} && \
             tgtadm --lld iscsi --op bind --mode target --tid 9 -I ALL"
        ))
    });
    let wanted = json!({"127.0.0.2": ["volume-1"]});
    let _ = attach(lab, &wanted).await.expect(204);
    let expected = json!({"store.example.org": [STORE], "127.0.0.2": [VOLUME]});
    assert_eq!(nas(lab).await, expected);
}

async fn discover(lab: &Lab, storage_id: i64) -> Reply {
    let path = "/v1/nodes/1/actions/discovery-nas";
    let body = json!({ "storage_id": storage_id });
    lab.server.client().post(path, &body).await
}

async fn attach(lab: &Lab, targets: &Value) -> Reply {
    let path = "/v1/nodes/1/actions/attach-targets";
    let body = json!({"targets": targets, "vendor": "Example", "product": "Store"});
    lab.server.client().post(path, &body).await
}

async fn nas(lab: &Lab) -> Value {
    let node = lab.server.client().get("/v1/nodes/1").await;
    node.expect(200).json()["node"]["nas"].clone()
}
