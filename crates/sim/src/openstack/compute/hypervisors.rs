//! Nova: hypervisors, with what they have until 2.87.

use hyper::Method;
use serde_json::{Value, json};

use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::{Cloud, Host, Moment};
use crate::openstack::request::Call;

/// The microversion that has no numbers of hosts' use any more.
const WITHOUT_USE: u16 = 88;

pub(super) fn answer(cloud: &Cloud, call: &Call, now: Moment) -> Handled {
    if call.method != Method::GET {
        return Err(Refusal::no_resource());
    }
    match call.segments().as_slice() {
        ["os-hypervisors"] => list(cloud, call, now, false),
        ["os-hypervisors", "detail"] => list(cloud, call, now, true),
        ["os-hypervisors", "statistics"] if call.minor < WITHOUT_USE => Ok(statistics(cloud)),
        ["os-hypervisors", id] => {
            let place = place(cloud, call, id);
            let missing =
                || Refusal::not_found(format!("Hypervisor with ID '{id}' could not be found."));
            let shown = full(cloud, call, place.ok_or_else(missing)?, now);
            Ok(Answer::ok(json!({ "hypervisor": shown })))
        }
        _ => Err(Refusal::no_resource()),
    }
}

/// By uuid since 2.53, by number before.
fn place(cloud: &Cloud, call: &Call, id: &str) -> Option<usize> {
    let is_it = |host: &Host| {
        if call.minor < 53 {
            host.number.to_string() == id
        } else {
            host.uuid == id
        }
    };
    cloud.hosts.iter().position(is_it)
}

fn list(cloud: &Cloud, call: &Call, now: Moment, is_full: bool) -> Handled {
    let pattern = call.parameter("hypervisor_hostname_pattern");
    let (limit, marker) = call.page()?;
    let first = match marker {
        None => 0,
        Some(id) => {
            let missing = || Refusal::bad(format!("marker [{id}] not found"));
            place(cloud, call, id).ok_or_else(missing)? + 1
        }
    };
    let hosts = cloud.hosts.iter().enumerate().skip(first);
    let fitting = hosts.filter(|(_, host)| pattern.is_none_or(|text| host.name.contains(text)));
    let page: Vec<usize> = fitting.map(|(place, _)| place).take(limit).collect();
    if page.is_empty()
        && let Some(pattern) = pattern
    {
        let message = format!("No hypervisor matching '{pattern}' could be found.");
        return Err(Refusal::not_found(message));
    }
    let show = |place: &usize| {
        if is_full {
            full(cloud, call, *place, now)
        } else {
            brief(cloud, call, *place, now)
        }
    };
    let shown: Vec<Value> = page.iter().map(show).collect();
    let mut body = json!({ "hypervisors": shown });
    if let Some(last) = page
        .last()
        .filter(|_| page.len() == limit && call.minor >= 33)
    {
        let path = if is_full {
            "os-hypervisors/detail"
        } else {
            "os-hypervisors"
        };
        let marker = id(call, &cloud.hosts[*last]);
        let marker = marker
            .as_str()
            .map_or_else(|| marker.to_string(), str::to_owned);
        body["hypervisors_links"] = call.next_page(&format!("/compute/v2.1/{path}"), &marker);
    }
    Ok(Answer::ok(body))
}

fn id(call: &Call, host: &Host) -> Value {
    if call.minor < 53 {
        json!(host.number)
    } else {
        json!(host.uuid)
    }
}

fn brief(cloud: &Cloud, call: &Call, place: usize, now: Moment) -> Value {
    let host = &cloud.hosts[place];
    let mut shown = json!({
        "id": id(call, host),
        "hypervisor_hostname": host.name,
        "state": if cloud.is_up(place, now) { "up" } else { "down" },
        "status": if host.is_disabled { "disabled" } else { "enabled" },
    });
    if call.minor >= 53 && call.is_asked("with_servers") {
        let here = host.instances.iter();
        let here = here.filter_map(|number| cloud.instances.get(number));
        let server = here.map(|instance| json!({"name": instance.name, "uuid": instance.id}));
        shown["servers"] = server.collect();
    }
    shown
}

fn full(cloud: &Cloud, call: &Call, place: usize, now: Moment) -> Value {
    let host = &cloud.hosts[place];
    let service = if call.minor < 53 {
        json!(host.number)
    } else {
        json!(host.service_uuid)
    };
    let mut shown = brief(cloud, call, place, now);
    shown["host_ip"] = json!(host.ip());
    shown["hypervisor_type"] = json!("QEMU");
    shown["hypervisor_version"] = json!(8_002_002);
    shown["service"] = json!({
        "host": host.name,
        "id": service,
        "disabled_reason": host.disabled_reason,
    });
    if call.minor >= WITHOUT_USE {
        shown["uptime"] = Value::Null;
    } else if let (Value::Object(shown), Value::Object(mut used)) = (&mut shown, use_of(&[host])) {
        let cpu = json!({
            "arch": "x86_64",
            "model": "EPYC",
            "vendor": "AMD",
            "features": [],
            "topology": {"sockets": 1, "cores": host.shape.vcpus, "threads": 1},
        });
        let cpu = if call.minor < 28 {
            json!(cpu.to_string())
        } else {
            cpu
        };
        used.shift_remove("count");
        used.insert("cpu_info".to_owned(), cpu);
        shown.extend(used);
    }
    shown
}

/// What hosts have together, and what of it is taken.
fn use_of(hosts: &[&Host]) -> Value {
    let sum = |part: fn(&Host) -> u64| hosts.iter().map(|host| part(host)).sum::<u64>();
    let (disk, disk_used) = (sum(|it| it.shape.disk_gb), sum(|it| it.used.disk_gb));
    let (ram, ram_used) = (sum(|it| it.shape.ram_mb), sum(|it| it.used.ram_mb));
    let signed = |all: u64, used: u64| i128::from(all) - i128::from(used);
    let free = |all, used| i64::try_from(signed(all, used)).unwrap_or_default();
    json!({
        "count": hosts.len(),
        "vcpus": sum(|it| it.shape.vcpus),
        "vcpus_used": sum(|it| it.used.vcpus),
        "memory_mb": ram,
        "memory_mb_used": ram_used,
        "free_ram_mb": free(ram, ram_used),
        "local_gb": disk,
        "local_gb_used": disk_used,
        "free_disk_gb": free(disk, disk_used),
        "disk_available_least": free(disk, disk_used),
        "running_vms": sum(|it| it.instances.len() as u64),
        "current_workload": 0,
    })
}

fn statistics(cloud: &Cloud) -> Answer {
    let hosts: Vec<&Host> = cloud.hosts.iter().collect();
    Answer::ok(json!({"hypervisor_statistics": use_of(&hosts)}))
}
