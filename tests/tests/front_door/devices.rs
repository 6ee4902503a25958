//! What nodes' devices say and are told beside power: sensors, log, parts, themselves, light, boot.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{IdleMachine, IpmiBmc};
use assay_tests::database::Database;
use assay_tests::lab::{self, Enrolled};
use assay_tests::relay::Relay;
use assay_tests::server::login;
use assay_tests::{Reply, Server, Setup, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

on_both!(
    a_device_is_read_once_and_again_on_demand,
    a_log_is_shown_newest_first_and_cleared,
    a_light_and_a_boot_override_are_set,
    a_device_that_fell_silent_is_shown_as_it_was,
    a_slow_reading_goes_on_and_is_joined,
    another_device_is_read_anew,
    a_redfish_bmc_is_read_and_told_like_any,
);

struct Lab {
    server: Server,
    bmc: IpmiBmc,
    node: Enrolled,
}

async fn lab(database: &Database) -> Lab {
    let server = Setup::new()
        .database(database)
        .env("ASSAY_BMC_REQUEST_TIMEOUT", 0.5)
        .env("ASSAY_DEVICE_ANSWER_WAIT", 25)
        .env("ASSAY_POWER_SYNC__ENABLED", false)
        .start()
        .await;
    of(server).await
}

async fn of(server: Server) -> Lab {
    let bmc = lab::ipmi_bmc(Arc::new(IdleMachine::new(lab::hardware(0))));
    let node = lab::enrol_ipmi(server.client(), &bmc).await;
    Lab { server, bmc, node }
}

impl Lab {
    fn path(&self, what: &str) -> String {
        format!("/assay/v1/nodes/{}/{what}", self.node.uuid)
    }

    async fn ask(&self, what: &str) -> Reply {
        self.server.client().get(&self.path(what)).await
    }

    async fn told(&self, what: &str) -> Value {
        self.ask(what).await.expect(200).json()
    }

    async fn readings(&self) -> usize {
        let tasks = self.server.client().get("/assay/v1/tasks").await;
        let tasks = tasks.expect(200).json()["tasks"].clone();
        let tasks = tasks.as_array().unwrap();
        let kind = |task: &&Value| task["kind"] == "device.read";
        tasks.iter().filter(kind).count()
    }
}

async fn a_device_is_read_once_and_again_on_demand(database: Database) {
    let lab = lab(&database).await;
    let all = lab.told("sensors").await;
    let sensors = all["sensors"].as_array().unwrap();
    assert_eq!(all["total"], sensors.len());
    let fan = sensors.iter().find(|one| one["kind"] == "fan").unwrap();
    assert_eq!(fan["unit"], "RPM", "{fan}");
    let page = lab.told("sensors?offset=1&limit=2").await;
    assert_eq!(page["sensors"], json!(&sensors[1..3]));
    assert_eq!(
        page["reading"]["observed_at"],
        all["reading"]["observed_at"]
    );
    assert_eq!(lab.told("sensors?offset=10000").await["sensors"], json!([]));
    assert_eq!(lab.readings().await, 1);
    let again = lab.told("sensors?refresh=true").await;
    assert_ne!(
        again["reading"]["observed_at"],
        all["reading"]["observed_at"]
    );
    assert_eq!(lab.readings().await, 2);

    let device = lab.told("management").await;
    assert_eq!(device["firmware"], "1.02");
    let mac = lab.bmc.machine().hardware().bmc_mac.to_string();
    assert_eq!(device["interfaces"][0]["mac"], mac);
    assert_eq!(device["users"][0]["name"], "admin");
    let parts = lab.told("parts").await;
    assert!(parts["total"].as_u64().unwrap() > 0, "{parts}");
    assert_eq!(parts["reading"]["error"], Value::Null);
    for bad in [
        "sensors?limit=x",
        "sensors?colour=red",
        "management?limit=1",
    ] {
        let _ = lab.ask(bad).await.expect(400);
    }
    let nobody = "/assay/v1/nodes/nobody/sensors";
    let _ = lab.server.client().get(nobody).await.expect(404);
}

async fn a_log_is_shown_newest_first_and_cleared(database: Database) {
    let lab = lab(&database).await;
    lab.bmc.overheat();
    lab.bmc.overheat();
    let log = lab.told("events").await;
    let ids = [&log["events"][0]["id"], &log["events"][1]["id"]];
    let [newest, older] = ids.map(|id| id.as_str().unwrap().parse::<u32>().unwrap());
    assert!(newest > older, "{log}");
    assert_eq!(log["events"][0]["severity"], "critical", "{log}");
    let path = lab.path("events");
    let _ = lab.server.client().delete(&path).await.expect(204);
    let log = lab.told("events").await;
    assert!(log["total"].as_u64().unwrap() < 2, "{log}");
    let later = lab.told("events?refresh=true").await;
    assert_eq!(later["events"], log["events"]);
}

async fn a_light_and_a_boot_override_are_set(database: Database) {
    let lab = lab(&database).await;
    let client = lab.server.client();
    let light = lab.path("identify");
    for body in [
        json!({"on": true}),
        json!({"on": true, "seconds": 5}),
        json!({"on": false}),
    ] {
        let _ = client.post(&light, &body).await.expect(204);
    }
    assert_eq!(lab.bmc.counters().commands[&(0x00, 0x04)], 3);
    for body in [
        json!({"on": true, "seconds": 0}),
        json!({"on": true, "seconds": 256}),
        json!({"on": false, "seconds": 5}),
        json!({"on": "yes"}),
        json!({}),
    ] {
        let _ = client.post(&light, &body).await.expect(400);
    }

    let boot = lab.path("boot-override");
    let wanted = json!({"device": "network", "mode": "uefi"});
    let _ = client.put(&boot, &wanted).await.expect(204);
    let shown = lab.told("boot-override").await;
    assert_eq!(
        (&shown["device"], &shown["persistent"], &shown["mode"]),
        (&json!("network"), &json!(false), &json!("uefi"))
    );
    let _ = client
        .put(&boot, &json!({"device": null}))
        .await
        .expect(204);
    assert_eq!(lab.told("boot-override").await["device"], Value::Null);
    let protect = format!("/v1/nodes/{}/actions/enable-nodesafe", lab.node.id);
    let _ = client.post_empty(&protect).await.expect(204);
    let _ = client.put(&boot, &wanted).await.expect(409);
    let forced = format!("{boot}?force=true");
    let _ = client.put(&forced, &wanted).await.expect(204);
    for body in [json!({}), json!({"device": "floppy"})] {
        let _ = client.put(&boot, &body).await.expect(400);
    }
}

async fn a_device_that_fell_silent_is_shown_as_it_was(database: Database) {
    let lab = lab(&database).await;
    let before = lab.told("sensors").await;
    lab.bmc.change_faults(|faults| faults.silent = true);
    let after = lab.told("sensors?refresh=true").await;
    assert_eq!(after["sensors"], before["sensors"]);
    let error = after["reading"]["error"].as_str().unwrap();
    assert!(error.contains(&lab.bmc.address().to_string()), "{error}");
    // Kept for whoever looks later.
    assert_eq!(lab.told("sensors").await["reading"]["error"], error);
    let never = lab.ask("parts").await;
    assert!([502, 504].contains(&never.status), "{}", never.text());
    let path = lab.path("identify");
    let refused = lab.server.client().post(&path, &json!({"on": true})).await;
    assert!([502, 504].contains(&refused.status), "{}", refused.text());
}

async fn a_slow_reading_goes_on_and_is_joined(database: Database) {
    let server = Setup::new()
        .database(&database)
        .env("ASSAY_DEVICE_ANSWER_WAIT", 1)
        .env("ASSAY_POWER_SYNC__ENABLED", false)
        .start()
        .await;
    let lab = of(server).await;
    let slowly = Duration::from_millis(300);
    lab.bmc.change_faults(|faults| faults.answer_delay = slowly);
    for _ in 0..2 {
        let reply = lab.ask("parts").await.expect(503);
        assert_eq!(reply.header("retry-after"), Some("5"));
        assert!(reply.text().contains("task"), "{}", reply.text());
    }
    assert_eq!(
        lab.readings().await,
        1,
        "the second caller waits for the first's"
    );
    lab.bmc
        .change_faults(|faults| faults.answer_delay = Duration::ZERO);
    let asked = async || lab.ask("parts").await.status;
    wait::until_is("the parts are there", LIMIT, asked, |status| *status == 200).await;
}

async fn another_device_is_read_anew(database: Database) {
    let lab = lab(&database).await;
    lab.bmc.overheat();
    assert_eq!(lab.told("events").await["total"], 1);
    let other = lab::ipmi_bmc(Arc::new(IdleMachine::new(lab::hardware(1))));
    let path = format!("/v1/power-controls/{}", lab.node.control);
    let body = json!({"power_control": {"port_number": other.address().port()}});
    let _ = lab.server.client().put(&path, &body).await.expect(200);
    assert_eq!(lab.told("events").await["total"], 0);
}

async fn a_redfish_bmc_is_read_and_told_like_any(database: Database) {
    let server = Setup::new()
        .database(&database)
        .env("ASSAY_DEVICE_ANSWER_WAIT", 25)
        .env("ASSAY_POWER_SYNC__ENABLED", false)
        .start()
        .await;
    let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(0))));
    let node = lab::enrol(server.client(), &bmc).await;
    let client = server.client();
    let path = |what: &str| format!("/assay/v1/nodes/{}/{what}", node.uuid);
    let told = async |what: &str| client.get(&path(what)).await.expect(200).json();

    let sensors = told("sensors").await;
    let sensors = sensors["sensors"].as_array().unwrap();
    let fan = sensors.iter().find(|one| one["kind"] == "fan").unwrap();
    assert_eq!(
        (&fan["unit"], &fan["health"]),
        (&json!("RPM"), &json!("ok"))
    );

    // More than one page of the BMC's own.
    (0..25).for_each(|_| bmc.overheat());
    let log = told("events").await;
    assert_eq!(
        (&log["total"], &log["events"][0]["id"]),
        (&json!(25), &json!("25"))
    );
    assert_eq!(log["events"][0]["severity"], "critical", "{log}");
    let _ = client.delete(&path("events")).await.expect(204);
    assert_eq!(told("events").await["total"], 0);

    let hardware = bmc.machine().hardware().clone();
    let parts = told("parts").await;
    let parts = parts["parts"].as_array().unwrap();
    let disk = parts.iter().find(|part| part["name"] == "Disk 1").unwrap();
    assert_eq!(disk["serial_number"], hardware.disks[0].serial);
    let device = told("management").await;
    assert_eq!(device["interfaces"][0]["mac"], hardware.bmc_mac.to_string());
    assert_eq!(device["users"][0]["name"], "admin");

    let light = path("identify");
    let _ = client.post(&light, &json!({"on": true})).await.expect(204);
    assert!(bmc.is_lit());
    let for_a_time = json!({"on": true, "seconds": 5});
    let reply = client.post(&light, &for_a_time).await.expect(501);
    assert!(
        reply.text().contains("light for a time"),
        "{}",
        reply.text()
    );
    let _ = client.post(&light, &json!({"on": false})).await.expect(204);
    assert!(!bmc.is_lit());
}

#[tokio::test]
async fn what_a_driver_lacks_is_said() {
    let server = Setup::new().authenticated().start().await;
    let setup = server.setup();
    setup.add_user("olga", "observer", "a-long-password");
    let client = server.client();
    let relay = Relay::start().await;
    let control = relay.control(client, "relay").await;
    for name in ["relayed", "bare"] {
        let body = json!({"node": {"name": name}});
        let _ = client.post("/v1/nodes/", &body).await.expect(200);
    }
    let body = json!({"power_control_id": control, "power_control_port": "1"});
    let _ = client
        .post("/v1/nodes/1/power-controls/", &body)
        .await
        .expect(200);

    let reply = client.get("/assay/v1/nodes/relayed/sensors").await;
    let text = reply.expect(501).text();
    assert!(text.contains("not supported by this driver"), "{text}");
    let light = "/assay/v1/nodes/relayed/identify";
    let on = json!({"on": true});
    let _ = client.post(light, &on).await.expect(501);
    let reply = client.get("/assay/v1/nodes/bare/sensors").await;
    let text = reply.expect(400).text();
    assert!(text.contains("no power control"), "{text}");

    let observer = client.with_token(&login(client, "olga", "a-long-password").await);
    let _ = observer.post(light, &on).await.expect(403);
    let events = "/assay/v1/nodes/relayed/events";
    let _ = observer.delete(events).await.expect(403);
    let _ = observer.get(events).await.expect(501);
    let _ = client.without_token().get(events).await.expect(401);
}
