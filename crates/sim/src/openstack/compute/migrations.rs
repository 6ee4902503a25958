//! Nova: the records of moves, and the end of one before its time.

use hyper::Method;
use serde_json::{Value, json};

use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::clock::micros;
use crate::openstack::cloud::{Cloud, Host, Migration, Moment};
use crate::openstack::request::Call;

/// What both kinds of list show.
fn common(cloud: &Cloud, call: &Call, record: &Migration) -> Value {
    let source = &cloud.hosts[record.source].name;
    let destination = record.destination.map(|host| &cloud.hosts[host]);
    let mut shown = json!({
        "id": record.id,
        "status": record.status,
        "source_compute": source,
        "source_node": source,
        "dest_compute": destination.map(|host| host.name.as_str()),
        "dest_node": destination.map(|host| host.name.as_str()),
        "dest_host": destination.map(Host::ip),
        "created_at": micros(record.created),
        "updated_at": micros(record.updated),
    });
    if call.minor >= 59 {
        shown["uuid"] = json!(record.uuid);
    }
    if call.minor >= 80 {
        shown["user_id"] = json!(record.user_id);
        shown["project_id"] = json!(record.project_id);
    }
    shown
}

/// `GET /os-migrations`: all of them, the youngest first.
pub(super) fn all(cloud: &Cloud, call: &Call) -> Handled {
    if call.method != Method::GET || call.path.len() != 1 {
        return Err(Refusal::no_resource());
    }
    let is = |name: &str, value: &str| call.parameter(name).is_none_or(|wanted| wanted == value);
    let host = call.parameter("host");
    let touches = |record: &Migration| {
        host.is_none_or(|host| {
            let ends = [Some(record.source), record.destination];
            ends.into_iter()
                .flatten()
                .any(|end| cloud.hosts[end].name == host)
        })
    };
    let fits = |record: &&Migration| {
        is("status", record.status)
            && is("instance_uuid", &record.instance_id)
            && is("migration_type", record.kind.name())
            && is("source_compute", &cloud.hosts[record.source].name)
            && is("user_id", &record.user_id)
            && is("project_id", &record.project_id)
            && touches(record)
    };
    let (limit, marker) = call.page()?;
    let after = match marker {
        None => u64::MAX,
        Some(uuid) => {
            let found = cloud.migrations.values().find(|record| record.uuid == uuid);
            found
                .ok_or_else(|| Refusal::bad(format!("Marker {uuid} could not be found.")))?
                .id
        }
    };
    let page = cloud
        .migrations
        .range(..after)
        .rev()
        .map(|(_, record)| record);
    let page: Vec<&Migration> = page.filter(fits).take(limit).collect();
    let shown: Vec<Value> = page
        .iter()
        .map(|record| listed(cloud, call, record))
        .collect();
    let mut body = json!({ "migrations": shown });
    if let Some(last) = page
        .last()
        .filter(|_| page.len() == limit && call.minor >= 59)
    {
        body["migrations_links"] = call.next_page("/compute/v2.1/os-migrations", &last.uuid);
    }
    Ok(Answer::ok(body))
}

fn listed(cloud: &Cloud, call: &Call, record: &Migration) -> Value {
    let mut shown = common(cloud, call, record);
    shown["instance_uuid"] = json!(record.instance_id);
    shown["old_instance_type_id"] = json!(record.flavor + 1);
    shown["new_instance_type_id"] = json!(record.flavor + 1);
    if call.minor >= 23 {
        shown["migration_type"] = json!(record.kind.name());
        if record.is_live_now() {
            let path = format!("servers/{}/migrations/{}", record.instance_id, record.id);
            shown["links"] = super::wire::links(call, &path);
        }
    }
    shown
}

/// `/servers/{id}/migrations`: live migrations that go on now.
pub(super) fn of_server(cloud: &mut Cloud, call: &Call, id: &str, now: Moment) -> Handled {
    let path = call.segments();
    let missing = |number: &str| {
        Refusal::not_found(format!(
            "Migration {number} for server {id} could not be found."
        ))
    };
    cloud.instance(id)?;
    match (&call.method, &path[3..]) {
        (&Method::GET, []) if call.minor >= 23 => {
            let its = cloud.migrations.values();
            let its = its.filter(|record| record.instance_id == id && record.is_live_now());
            let shown: Vec<Value> = its.map(|record| progress(cloud, call, record)).collect();
            Ok(Answer::ok(json!({ "migrations": shown })))
        }
        (&Method::GET, [number]) if call.minor >= 23 => {
            let record = number
                .parse()
                .ok()
                .and_then(|number: u64| cloud.migrations.get(&number));
            let record = record.filter(|it| it.instance_id == id && it.is_live_now());
            let record = record.ok_or_else(|| missing(number))?;
            Ok(Answer::ok(
                json!({"migration": progress(cloud, call, record)}),
            ))
        }
        (&Method::DELETE, [number]) if call.minor >= 24 => {
            let migration = number.parse().map_err(|_| missing(number))?;
            cloud.abort(id, migration, call.minor, now)?;
            Ok(Answer::accepted())
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn progress(cloud: &Cloud, call: &Call, record: &Migration) -> Value {
    let size = cloud.flavors[record.flavor].size;
    let (memory, disk) = (size.ram_mb << 20, size.disk_gb << 30);
    let part = if record.status == "running" { 2 } else { 0 };
    let mut shown = common(cloud, call, record);
    shown["server_uuid"] = json!(record.instance_id);
    shown["memory_total_bytes"] = json!(memory);
    shown["memory_processed_bytes"] = json!(memory / 3 * part);
    shown["memory_remaining_bytes"] = json!(memory - memory / 3 * part);
    shown["disk_total_bytes"] = json!(disk);
    shown["disk_processed_bytes"] = json!(disk / 3 * part);
    shown["disk_remaining_bytes"] = json!(disk - disk / 3 * part);
    shown
}
