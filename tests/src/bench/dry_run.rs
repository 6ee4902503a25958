//! Dry runs: 100 rules over 10,000 stored reports of 22 KiB.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_tests::database::Database;
use assay_tests::{Client, Machine, Setup, wait};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::fleet;

const NODES: u32 = 10_000;
const RULES: usize = 100;
const BYTES: usize = 22 << 10;
const LIMIT: Duration = Duration::from_mins(10);

/// On SQLite and on PostgreSQL.
pub(crate) async fn dry_run(figures: &mut Figures) {
    for database in [Database::sqlite().await, Database::postgres().await] {
        let name = database.kind();
        let server = Setup::new()
            .database(&database)
            .config("[rate_limits]\nreports_per_second = 1000000\nboot_per_second = 1000000\n")
            .start()
            .await;
        let client = server.client();
        report_all(client).await;
        let began = Instant::now();
        let body = json!({"rules": rules()});
        let run = client
            .post("/assay/v1/rules/dry-run", &body)
            .await
            .expect(202)
            .json();
        let path = format!("/assay/v1/rules/dry-runs/{}", run["id"].as_str().unwrap());
        let show = async || client.get(&path).await.expect(200).json();
        let run =
            wait::until_is("the dry run", LIMIT, show, |run| run["state"] == "finished").await;
        let seconds = began.elapsed().as_secs_f64();
        check(&run);
        let what = format!("dry run of 100 rules over 10,000 reports, {name}, s");
        figures.note(&what, seconds, "at most 10");
    }
}

/// Each rule must have come to what it was written for, on all reports.
fn check(run: &Value) {
    assert_eq!(run["done"], NODES, "{run}");
    assert_eq!(run["stopped_by_rule"], 0, "{run}");
    assert_eq!(run["refused_by_hook"], 0, "{run}");
    for (at, rule) in run["rules"].as_array().unwrap().iter().enumerate() {
        let held = if at % 4 == 0 { NODES } else { 0 };
        assert_eq!(rule["held"], held, "rule {at}: {rule}");
    }
}

/// Of four kinds in turn, the first of which holds: comparisons, an expression over all devices, a
/// network, a field that is not there; each with an action that fills in a field.
fn rules() -> Value {
    let rules = (0..RULES).map(|number| {
        let conditions = match number % 4 {
            0 => json!([
                {"op": "ge", "field": "memory_mb", "value": 1024},
                {"op": "eq", "field": "inventory.system_vendor.manufacturer", "value": "Vendor"},
            ]),
            1 => json!([
                {"op": "matches", "field": "inventory.usb_devices[*].product",
                 "value": format!("Nothing {number}")},
            ]),
            2 => json!([
                {"op": "in-net", "field": "inventory.interfaces[*].ipv4_address",
                 "value": format!("192.168.{number}.0/24")},
                {"op": "is-empty", "field": "node://extra.never"},
            ]),
            _ => json!([{"op": "eq", "field": "inventory.gpu.count", "value": number}]),
        };
        json!({
            "description": format!("rule {number}"), "conditions": conditions,
            "actions": [{"action": "set-attribute", "path": format!("/extra/rule_{number}"),
                         "value": "{data[inventory][system_vendor][product_name]}"}],
        })
    });
    rules.collect()
}

/// Enrols all machines and has each report.
async fn report_all(client: &Client) {
    let waiting = fleet::waiting(client, 0, NODES).await;
    let permits = Arc::new(Semaphore::new(16));
    let mut tasks = JoinSet::new();
    for one in waiting {
        let permits = permits.clone();
        tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let report = report(&one.machine);
            let _ = one.boot.report(&report).await.expect(200);
        });
    }
    tasks.join_all().await;
    let count = async || fleet::finished(client).await;
    wait::until_is("all reports are processed", LIMIT, count, |count| {
        *count == NODES as usize
    })
    .await;
}

/// A report of which half is lists of devices and half is the ramdisk's logs.
fn report(machine: &Machine) -> Value {
    let mut report: Value = serde_json::from_slice(&fleet::report(machine, BYTES / 2)).unwrap();
    let bus = |number: usize| format!("0000:{:02x}:00.0", number % 256);
    report["pci_devices"] = (0..60)
        .map(|number| {
            json!({"vendor_id": "8086", "product_id": "1528", "class": "020000",
                             "revision": "01", "bus": bus(number), "numa_node_id": "0"})
        })
        .collect();
    report["inventory"]["usb_devices"] = (0..40)
        .map(|number| {
            json!({"product": format!("Product {number}"), "vendor": "Vendor",
                             "handle": format!("USB:1-{number}")})
        })
        .collect();
    let missing = BYTES.saturating_sub(report.to_string().len() + 12);
    let flags = (0..missing / 12).map(|number| json!(format!("flag_{number:04}")));
    report["inventory"]["cpu"]["flags"] = flags.collect();
    report
}
