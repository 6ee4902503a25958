//! CloudManager's boot images and what a machine boots with them, on both databases.

use assay_tests::database::Database;
use assay_tests::{Client, Machine, Setup};
use serde_json::{Value, json};

on_both!(
    an_image_lives_as_the_document_shows,
    filters_narrow_list_and_count_alike,
    bad_images_are_refused,
    an_image_in_use_stays,
    the_assigned_image_is_what_the_machine_boots,
    an_introspection_comes_first,
);

/// The document's own image.
const SAMPLE: &str = "default vesamenu.c32\naprompt 1\ntimeout 30\nlabel ubuntu 14.04\nmenu label CENTER COMPUTE NODE DEFAULT\nkernel vmlinuz\nappend initrd=dracut root=192.168.100.1:/mnt/rootfs biosdevname=0 ip=eth0:on ip=eth1:on bond=bond0:eth0,eth1:mode=6 ip=bond0:dhcp ro";
/// A script that needs no translation.
const SCRIPT: &str = "#!ipxe\necho ${net0/mac} || echo none\nchain http://192.0.2.1/next\n";

async fn create(client: &Client, name: &str, content: &str) -> Value {
    let body = json!({"node_image": {"image_name": name, "file_data": content}});
    let reply = client.post("/v1/node-images/", &body).await.expect(200);
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    reply.json()["node_image"].clone()
}

async fn assign(client: &Client, node: &Value, image: &Value) {
    let path = format!("/v1/nodes/{}/actions/assign-image", node["id"]);
    let reply = client.post(&path, &json!({"image_id": image["id"]})).await;
    assert!(reply.expect(204).body.is_empty());
}

async fn an_image_lives_as_the_document_shows(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let made = create(client, "test_image", "root=test").await;
    let created_at = made["created_at"].as_str().unwrap();
    assert_eq!(
        created_at.len(),
        "2018-10-24T09:36:40".len(),
        "{created_at}"
    );
    assert_eq!(
        made,
        json!({"created_at": created_at, "file_data": "root=test", "id": 2,
            "image_name": "test_image"})
    );
    let path = format!("/v1/node-images/{}", made["id"]);
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(shown, json!({"node_image": made}));
    for list in ["/v1/node-images", "/v1/node-images/"] {
        let list = client.get(list).await.expect(200).json();
        let images = list["node_images"].as_array().unwrap();
        assert_eq!(images.len(), 2);
        assert_eq!(images[0]["image_name"], "default");
        assert_eq!(images[0]["file_data"], "");
        assert_eq!(images[1], made);
    }
    // The document has no update.
    let update = json!({"node_image": {"image_name": "other"}});
    assert!([404, 405].contains(&client.put(&path, &update).await.status));
    assert!(client.delete(&path).await.expect(204).body.is_empty());
    let _ = client.get(&path).await.expect(404);
    let _ = client.delete(&path).await.expect(404);
}

async fn filters_narrow_list_and_count_alike(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let first = create(client, "a1", "").await;
    create(client, "b2", "").await;
    let since = format!("?created_at=ge:{}", first["created_at"].as_str().unwrap());
    for (query, wanted) in [
        ("", vec!["default", "a1", "b2"]),
        ("?id=2", vec!["a1"]),
        ("?id=nin:1,3", vec!["a1"]),
        ("?image_name=like:%252", vec!["b2"]),
        ("?image_name=default&id=1", vec!["default"]),
        ("?created_at=lt:2018-01-01T00:00:00", vec![]),
        (&format!("{since}&image_name=in:a1,b2"), vec!["a1", "b2"]),
    ] {
        let list = client.get(&format!("/v1/node-images/{query}")).await;
        let list = list.expect(200).json();
        let names: Vec<&str> = list["node_images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| image["image_name"].as_str().unwrap())
            .collect();
        assert_eq!(names, wanted, "{query}");
        let count = client.get(&format!("/v1/node-images/count{query}")).await;
        assert_eq!(
            count.expect(200).json(),
            json!({"count": wanted.len()}),
            "{query}"
        );
    }
    let page = client.get("/v1/node-images/?offset=1&limit=1").await.json();
    assert_eq!(page["node_images"][0]["image_name"], "a1");
    let count = client.get("/v1/node-images/count?offset=1&limit=1").await;
    assert_eq!(count.expect(200).json()["count"], 3);
    for query in [
        "name=x",
        "created_at=now",
        "id=x",
        "limit=-1",
        "file_data=x",
    ] {
        for path in ["/v1/node-images/", "/v1/node-images/count"] {
            let refused = client.get(&format!("{path}?{query}")).await.expect(400);
            let name = query.split('=').next().unwrap();
            assert!(refused.text().contains(name), "{}", refused.text());
        }
    }
}

async fn bad_images_are_refused(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    for body in [
        json!({}),
        json!({"image_name": "flat", "file_data": ""}),
        json!({"node_image": {"image_name": "x"}}),
        json!({"node_image": {"file_data": "x"}}),
        json!({"node_image": {"image_name": "", "file_data": "x"}}),
        json!({"node_image": {"image_name": "x", "file_data": "a\u{0}b"}}),
        json!({"node_image": {"image_name": "x", "file_data": "x".repeat((64 << 10) + 1)}}),
        json!({"node_image": {"image_name": "x", "file_data": "", "id": 7}}),
    ] {
        let reply = client.post("/v1/node-images/", &body).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
    }
    create(client, "full", &"x".repeat(64 << 10)).await;
    let taken = json!({"node_image": {"image_name": "full", "file_data": ""}});
    let _ = client.post("/v1/node-images/", &taken).await.expect(409);
}

async fn an_image_in_use_stays(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let node = Machine::numbered(1).enrol(client, "its-node").await;
    let image = create(client, "used", SCRIPT).await;
    assign(client, &node, &image).await;
    let path = format!("/v1/node-images/{}", image["id"]);
    let refused = client.delete(&path).await.expect(409).text();
    assert!(refused.contains("its-node"), "{refused}");
    let refused = client.delete("/v1/node-images/1").await.expect(409).text();
    assert!(refused.contains("new nodes"), "{refused}");

    let action = format!("/v1/nodes/{}/actions/assign-image", node["id"]);
    for (path, body, status) in [
        (action.as_str(), json!({"image_id": 999}), 400),
        (&action, json!({"image_id": "x"}), 400),
        (&action, json!({}), 400),
        (&action, json!({"node": {"image_id": 1}}), 400),
        (
            "/v1/nodes/999/actions/assign-image",
            json!({"image_id": 1}),
            404,
        ),
    ] {
        let reply = client.post(path, &body).await;
        assert_eq!(reply.status, status, "{path} {body}: {}", reply.text());
    }
    assign(client, &node, &json!({"id": 1})).await;
    let _ = client.delete(&path).await.expect(204);
}

async fn the_assigned_image_is_what_the_machine_boots(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let machine = Machine::numbered(2);
    let node = machine.enrol(client, "boots").await;
    let script = async || machine.ask_for_script(client).await.expect(200).text();
    let local = script().await;
    assert!(!local.contains("kernel"), "{local}");

    let image = create(client, "pxelinux", SAMPLE).await;
    assign(client, &node, &image).await;
    let shown = client
        .get(&format!("/v1/nodes/{}", node["id"]))
        .await
        .json();
    assert_eq!(
        shown["node"]["image"],
        json!({"id": image["id"], "name": "pxelinux"})
    );
    let translated = script().await;
    assert!(translated.starts_with("#!ipxe\n"), "{translated}");
    let lines: Vec<&str> = translated.lines().collect();
    let begins = |start: &str| lines.iter().any(|line| line.starts_with(start));
    assert!(
        begins(
            "kernel --name kernel tftp://${next-server}/vmlinuz initrd=initrd0 root=192.168.100.1:/mnt/rootfs biosdevname=0 ip=eth0:on ip=eth1:on bond=bond0:eth0,eth1:mode=6 ip=bond0:dhcp ro "
        ),
        "{translated}"
    );
    assert!(
        begins("initrd --name initrd0 tftp://${next-server}/dracut "),
        "{translated}"
    );
    assert!(begins("boot "), "{translated}");

    // Another image is another boot, an iPXE script to the letter.
    assign(client, &node, &create(client, "script", SCRIPT).await).await;
    assert_eq!(script().await, SCRIPT);
    // One that boots nothing says so, and lets the machine go on.
    assign(client, &node, &create(client, "nothing", "root=test").await).await;
    let nothing = script().await;
    assert!(
        nothing.contains("image nothing") && nothing.contains("no kernel"),
        "{nothing}"
    );
    assert!(nothing.lines().any(|line| line == "exit"), "{nothing}");
}

async fn an_introspection_comes_first(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let machine = Machine::numbered(2);
    let node = machine.enrol(client, "boots").await;
    let script = async || machine.ask_for_script(client).await.expect(200).text();
    assign(client, &node, &create(client, "script", SCRIPT).await).await;
    assert_eq!(script().await, SCRIPT);
    let uuid = node["uuid"].as_str().unwrap();
    let start = format!("/v1/introspection/{uuid}?manage_boot=0");
    let _ = client.post_empty(&start).await.expect(202);
    let ramdisk = script().await;
    assert!(
        ramdisk.contains("ipa-inspection-callback-url="),
        "{ramdisk}"
    );
    let abort = format!("/v1/introspection/{uuid}/abort");
    let _ = client.post_empty(&abort).await.expect(202);
    assay_tests::status::ended(client, uuid, std::time::Duration::from_secs(20)).await;
    assert_eq!(script().await, SCRIPT);
    // A machine that is no node's boots nothing of ours.
    let stranger = Machine::numbered(9).ask_for_script(client).await.text();
    assert!(
        !stranger.contains("kernel") && !stranger.contains("chain"),
        "{stranger}"
    );
}
