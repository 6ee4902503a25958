//! Instances of a simulated cloud, cloned with their volumes, while the cloud and the workers fail.

mod lab;

use std::time::Duration;

use assay_sim::{BadEnd, CallFault};
use assay_tests::database::Database;
use assay_tests::openstack::Services;
use assay_tests::server::login;
use assay_tests::{Setup, wait};
use reqwest::Method;
use serde_json::{Value, json};

use lab::{LIMIT, Lab, SERVER_POST, SERVERS, VOLUME_POST, VOLUMES, text};

on_both!(
    clones_are_whole,
    what_is_lost_is_found_and_nothing_is_made_twice,
    a_clone_that_fails_is_removed_and_the_others_are_made,
);

fn clones(task: &Value) -> Vec<Value> {
    task["result"]["clones"].as_array().unwrap().clone()
}

async fn clones_are_whole(database: Database) {
    let lab = Lab::new(Some(&database)).await;
    let task = lab.done(2).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert_eq!(task["kind"], "server.clone");
    let made = clones(&task);
    let named = |clone: &Value| text(&clone["name"]);
    assert_eq!(
        made.iter().map(named).collect::<Vec<_>>(),
        ["shop-clone-1", "shop-clone-2"]
    );
    let url = format!("{SERVERS}/{}", lab.original);
    let original = lab.services.get(&url).await["server"].clone();
    for (place, clone) in made.iter().enumerate() {
        let url = format!("{SERVERS}/{}", text(&clone["id"]));
        let shown = lab.services.get(&url).await["server"].clone();
        for same in ["flavor", "key_name", "security_groups", "status", "image"] {
            assert_eq!(shown[same]["id"], original[same]["id"], "{same}");
        }
        assert_eq!(shown["key_name"], "mine");
        let groups = json!([{"name": "ssh"}, {"name": "web"}]);
        assert_eq!(shown["security_groups"], groups);
        assert_eq!(shown["metadata"]["owner"], "somebody");
        let mark = format!("{}:{}", text(&task["id"]), place + 1);
        assert_eq!(shown["metadata"]["assay.task"], mark.as_str());
        let cards = lab.services.get(&format!("{url}/os-interface")).await;
        let cards = cards["interfaceAttachments"].as_array().unwrap();
        let nets: Vec<String> = cards.iter().map(|card| text(&card["net_id"])).collect();
        assert_eq!(nets, ["net-b", "net-a"]);
        let attached = lab
            .services
            .get(&format!("{url}/os-volume_attachments"))
            .await;
        for (number, original) in lab.volumes.iter().enumerate() {
            let id = text(&attached["volumeAttachments"][number]["volumeId"]);
            assert_eq!(clone["volumes"][number]["id"], id.as_str());
            let volume = lab.services.get(&format!("{VOLUMES}/{id}")).await["volume"].clone();
            assert_eq!(volume["source_volid"], original.as_str());
            assert_eq!(volume["status"], "in-use");
            assert_eq!(volume["metadata"]["assay.task"], mark.as_str());
            let name = format!("shop-clone-{}-{}", place + 1, number + 1);
            assert_eq!(volume["name"], name.as_str());
        }
    }
    assert_eq!(lab.counts().await, (3, 6));
    let path = format!("/v1/servers/{}/actions/clone", lab.original);
    let again = lab.client().post_empty(&path).await.expect(200).json();
    let again = lab.end(&text(&again["task_id"])).await;
    assert_eq!(clones(&again)[0]["name"], "shop-clone-3");
    for count in [json!(0), json!(51), json!("two")] {
        let body = json!({ "count": count });
        let _ = lab.client().post(&path, &body).await.expect(400);
    }
}

async fn what_is_lost_is_found_and_nothing_is_made_twice(database: Database) {
    let mut lab = Lab::new(Some(&database)).await;
    let (volumes, servers) = (lab.requests(VOLUME_POST), lab.requests(SERVER_POST));
    // The answers to one volume and to the instance are lost, both were made. Then the cloud is busy.
    lab.fault(VOLUME_POST, CallFault::LoseAnswer, 1);
    lab.fault(SERVER_POST, CallFault::LoseAnswer, 1);
    let busy = CallFault::Answer {
        status: 503,
        retry_after: None,
    };
    let task = lab.begin(1).await;
    lab.fault("*GET*", busy, 3);
    lab.cloud.simulator().expire_tokens();
    let task = lab.end(&task).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    let asked = (lab.requests(VOLUME_POST), lab.requests(SERVER_POST));
    assert_eq!(asked, (volumes + 2, servers + 1));
    lab.services = Services::new(&lab.cloud).await;
    assert_eq!(lab.counts().await, (2, 4));
    // Workers die while the cloud is told to make a volume, and an instance: once it does, once not.
    lab.fault(VOLUME_POST, CallFault::Hang, 1);
    let task = lab.begin(1).await;
    lab.asks(VOLUME_POST, asked.0).await;
    lab.server.kill();
    lab.fault(SERVER_POST, CallFault::Hang, 1);
    lab.server.start_again();
    lab.asks(SERVER_POST, asked.1).await;
    lab.server.kill();
    lab.server.start_again();
    let task = lab.end(&task).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert_eq!(lab.counts().await, (3, 6));
    // The one that dies while its instance is being built leaves that to the next one.
    let simulator = lab.cloud.simulator();
    simulator.set_delay(Some("create"), Duration::from_secs(2));
    let task = lab.begin(1).await;
    let built = async || (lab.counts().await.0 == 4).then_some(());
    wait::until("an instance is built", LIMIT, built).await;
    lab.server.kill();
    lab.server.start_again();
    let task = lab.end(&task).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert_eq!(lab.counts().await, (4, 8));
}

async fn a_clone_that_fails_is_removed_and_the_others_are_made(database: Database) {
    let lab = Lab::new(Some(&database)).await;
    // A copy ends in error; then no host takes the second; then the third cannot be built.
    lab.fail("volume", BadEnd::Error);
    lab.fail("create", BadEnd::NoValidHost);
    let task = lab.done(3).await;
    assert_eq!(task["status"], "FAILURE", "{task}");
    let error = text(&task["error"]);
    assert!(error.starts_with("2 of 3 clones failed"), "{error}");
    let made = clones(&task);
    let of = |place: usize, key: &str| text(&made[place][key]);
    assert_eq!(
        (of(0, "status"), of(1, "status")),
        ("failed".into(), "failed".into())
    );
    assert!(of(0, "detail").contains("has ended in error"), "{task}");
    assert!(of(1, "detail").contains("No valid host"), "{task}");
    assert_eq!(of(2, "status"), "done");
    for failed in &made[..2] {
        assert_eq!(failed["id"], Value::Null);
        assert_eq!(failed["volumes"][0]["id"], Value::Null);
    }
    assert_eq!(lab.counts().await, (2, 4));
    // What refuses to go is named.
    lab.fail("create", BadEnd::Error);
    let refused = CallFault::Answer {
        status: 403,
        retry_after: None,
    };
    lab.fault("volume DELETE *", refused, 2);
    let task = lab.done(1).await;
    assert_eq!(task["status"], "FAILURE", "{task}");
    assert_eq!(lab.counts().await, (2, 4), "it is tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_task_removes_what_is_half_made() {
    let lab = Lab::new(None).await;
    let first = lab.done(1).await;
    assert_eq!(first["status"], "SUCCESS", "{first}");
    let before = lab.requests(SERVER_POST);
    let simulator = lab.cloud.simulator();
    simulator.set_delay(Some("create"), Duration::from_secs(60));
    let task = lab.begin(2).await;
    lab.asks(SERVER_POST, before).await;
    let path = format!("/v1/tasks/{task}/actions/revoke");
    let _ = lab.client().post_empty(&path).await.expect(204);
    let task = lab.end(&task).await;
    assert_eq!(task["status"], "REVOKED", "{task}");
    let made = clones(&task);
    assert!(
        text(&made[0]["detail"]).starts_with("cancelled by"),
        "{task}"
    );
    assert!(made.iter().all(|clone| clone["status"] == "failed"));
    assert_eq!(lab.counts().await, (2, 4), "the clone of before stays");
    assert_eq!(lab.requests(SERVER_POST), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_boot_from_images_are_cloned_unless_nobody_could_log_in() {
    let mut lab = Lab::new(None).await;
    let from_volume = lab.original.clone();
    let server = json!({
        "name": "web", "flavorRef": lab.flavor().await, "imageRef": lab.image().await,
        "key_name": "mine", "networks": "none",
    });
    lab.original = lab.create(server).await;
    let task = lab.done(1).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    let clone = clones(&task)[0].clone();
    assert_eq!(
        (&clone["name"], &clone["volumes"]),
        (&json!("web-clone-1"), &json!([]))
    );
    let url = format!("{SERVERS}/{}", text(&clone["id"]));
    let shown = lab.services.get(&url).await["server"].clone();
    assert_eq!(shown["image"]["id"], lab.image().await.as_str());
    // The key pair is another user's, as far as Assay's user can see.
    let key = "/compute/v2.1/os-keypairs/mine";
    assert_eq!(lab.services.send(Method::DELETE, key, None).await.0, 202);
    let path = format!("/v1/servers/{}/actions/clone", lab.original);
    let refused = lab.client().post_empty(&path).await.expect(409).text();
    assert!(refused.contains("key pair mine"), "{refused}");
    lab.original = from_volume;
    let task = lab.done(1).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    let url = format!("{SERVERS}/{}", text(&clones(&task)[0]["id"]));
    assert_eq!(
        lab.services.get(&url).await["server"]["key_name"],
        Value::Null
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clouds_own_client_sees_the_clones() {
    let lab = Lab::new(None).await;
    let task = lab.done(1).await;
    let clone = clones(&task)[0].clone();
    let words = [
        "--os-compute-api-version",
        "2.94",
        "server",
        "show",
        "shop-clone-1",
    ];
    let shown = lab.cloud.client().tell(&words);
    assert_eq!(shown["id"], clone["id"]);
    let volumes = shown["volumes_attached"].to_string();
    let roots = text(&clone["volumes"][0]["id"]);
    assert!(volumes.contains(&roots), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cloud_nothing_is_cloned_and_observers_clone_nothing() {
    let server = Setup::new().authenticated().start().await;
    let (name, password) = ("watcher", "watches-clouds-only");
    server.setup().add_user(name, "observer", password);
    let token = login(server.client(), name, password).await;
    let path = "/v1/servers/5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b/actions/clone";
    let reply = server.client().post_empty(path).await.expect(503);
    assert!(reply.text().contains("no cloud is configured"));
    let observer = server.client().with_token(&token);
    let _ = observer.post_empty(path).await.expect(403);
    let nobody = server.client().without_token();
    let _ = nobody.post_empty(path).await.expect(401);
}
