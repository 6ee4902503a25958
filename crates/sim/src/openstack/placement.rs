//! Placement: what hosts have and who holds what of it.

use hyper::Method;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Handled, Refusal};
use super::cloud::{Cloud, Host, Resources};
use super::request::Call;

pub(super) fn answer(cloud: &mut Cloud, call: &Call) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["resource_providers"]) => list(cloud, call),
        (&Method::PUT, ["resource_providers", id, "inventories"]) => update(cloud, call, id),
        (&Method::GET, ["resource_providers", id, rest @ ..]) => {
            let place = place(cloud, id)?;
            provider(cloud, call, place, rest)
        }
        (&Method::GET, ["allocations", consumer]) => Ok(allocations(cloud, call, consumer)),
        (&Method::GET, ["allocation_candidates"]) => candidates(cloud, call),
        _ => Err(Refusal::no_resource()),
    }
}

fn place(cloud: &Cloud, id: &str) -> Result<usize, Refusal> {
    let place = cloud.hosts.iter().position(|host| host.uuid == id);
    let missing = || Refusal::not_found(format!("No resource provider with uuid {id} found"));
    place.ok_or_else(missing)
}

fn list(cloud: &Cloud, call: &Call) -> Handled {
    let is = |name: &str, value: &str| call.parameter(name).is_none_or(|wanted| wanted == value);
    let wanted = call.parameter("resources").map(resources).transpose()?;
    let fits = |host: &&Host| {
        is("name", &host.name)
            && is("uuid", &host.uuid)
            && wanted.is_none_or(|wanted| host.has_room(wanted))
    };
    let found = cloud.hosts.iter().filter(fits);
    let found: Vec<Value> = found.map(|host| shown(call, host)).collect();
    Ok(Answer::ok(json!({ "resource_providers": found })))
}

fn shown(call: &Call, host: &Host) -> Value {
    let path = format!("/placement/resource_providers/{}", host.uuid);
    let parts = [
        "inventories",
        "usages",
        "aggregates",
        "traits",
        "allocations",
    ];
    let link = |part: &str| json!({"rel": part, "href": format!("{path}/{part}")});
    let mut links = vec![json!({"rel": "self", "href": path})];
    links.extend(parts.map(link));
    let mut shown = json!({
        "uuid": host.uuid,
        "name": host.name,
        "generation": host.generation,
        "links": links,
    });
    if call.minor >= 14 {
        shown["parent_provider_uuid"] = Value::Null;
        shown["root_provider_uuid"] = json!(host.uuid);
    }
    shown
}

fn provider(cloud: &Cloud, call: &Call, place: usize, rest: &[&str]) -> Handled {
    let host = &cloud.hosts[place];
    let mut body = match rest {
        [] => return Ok(Answer::ok(shown(call, host))),
        ["inventories"] => json!({"inventories": inventories(host)}),
        ["usages"] => json!({"usages": by_class(host.used)}),
        ["traits"] => json!({"traits": []}),
        ["aggregates"] => {
            let mine = cloud.aggregates.values();
            let mine = mine.filter(|it| it.hosts.contains(&host.name));
            json!({"aggregates": mine.map(|it| it.uuid.as_str()).collect::<Vec<_>>()})
        }
        ["allocations"] => {
            let held = cloud.allocations.iter();
            let held = held.filter(|(_, (_, hosts))| hosts.contains(&place));
            let each = held.map(|(consumer, (size, _))| {
                (consumer.clone(), json!({"resources": by_class(*size)}))
            });
            json!({"allocations": each.collect::<Map<String, Value>>()})
        }
        _ => return Err(Refusal::no_resource()),
    };
    body["resource_provider_generation"] = json!(host.generation);
    Ok(Answer::ok(body))
}

fn inventories(host: &Host) -> Value {
    let of = |total: u64, ratio: f64| {
        json!({
            "total": total,
            "reserved": 0,
            "min_unit": 1,
            "max_unit": total,
            "step_size": 1,
            "allocation_ratio": ratio,
        })
    };
    json!({
        "VCPU": of(host.shape.vcpus, host.shape.cpu_allocation_ratio),
        "MEMORY_MB": of(host.shape.ram_mb, host.shape.ram_allocation_ratio),
        "DISK_GB": of(host.shape.disk_gb, host.shape.disk_allocation_ratio),
    })
}

/// By resource class; what is not held is left out.
fn by_class(size: Resources) -> Value {
    json!({"VCPU": size.vcpus, "MEMORY_MB": size.ram_mb, "DISK_GB": size.disk_gb})
}

/// Replaces totals and ratios, if nobody else changed the provider meanwhile.
fn update(cloud: &mut Cloud, call: &Call, id: &str) -> Handled {
    let place = place(cloud, id)?;
    let host = &mut cloud.hosts[place];
    if call.body["resource_provider_generation"].as_u64() != Some(host.generation) {
        return Err(Refusal::conflict("resource provider generation conflict"));
    }
    let asked = call.object("inventories")?;
    let mut shape = host.shape;
    for (class, inventory) in asked {
        let total = inventory["total"].as_u64().filter(|total| *total > 0);
        let total = total.ok_or_else(|| Refusal::bad("'total' is a required property"))?;
        let ratio = match &inventory["allocation_ratio"] {
            Value::Null => 1.0,
            ratio => ratio
                .as_f64()
                .filter(|ratio| *ratio > 0.0)
                .ok_or_else(|| Refusal::bad("Invalid allocation_ratio"))?,
        };
        let (of_total, of_ratio) = match class.as_str() {
            "VCPU" => (&mut shape.vcpus, &mut shape.cpu_allocation_ratio),
            "MEMORY_MB" => (&mut shape.ram_mb, &mut shape.ram_allocation_ratio),
            "DISK_GB" => (&mut shape.disk_gb, &mut shape.disk_allocation_ratio),
            _ => return Err(Refusal::bad(format!("Unknown resource class {class}"))),
        };
        (*of_total, *of_ratio) = (total, ratio);
    }
    host.shape = shape;
    host.generation += 1;
    let body = json!({
        "inventories": inventories(host),
        "resource_provider_generation": host.generation,
    });
    Ok(Answer::ok(body))
}

fn allocations(cloud: &Cloud, call: &Call, consumer: &str) -> Answer {
    let Some((size, hosts)) = cloud.allocations.get(consumer) else {
        return Answer::ok(json!({"allocations": {}}));
    };
    let each = hosts.iter().map(|place| {
        let host = &cloud.hosts[*place];
        let held = json!({"resources": by_class(*size), "generation": host.generation});
        (host.uuid.clone(), held)
    });
    let mut body = json!({"allocations": each.collect::<Map<String, Value>>()});
    if call.minor >= 12 {
        let owner = cloud.instance(consumer).ok();
        body["project_id"] = json!(owner.map(|instance| instance.project_id.as_str()));
        body["user_id"] = json!(cloud.user_id);
    }
    if call.minor >= 28 {
        body["consumer_generation"] = json!(1);
    }
    Answer::ok(body)
}

/// `VCPU:1,MEMORY_MB:512`.
fn resources(text: &str) -> Result<Resources, Refusal> {
    let mut wanted = Resources::default();
    for part in text.split(',') {
        let bad = || Refusal::bad(format!("Badly formed resources parameter: {part}"));
        let (class, amount) = part.split_once(':').ok_or_else(bad)?;
        let amount = amount.parse().map_err(|_| bad())?;
        match class {
            "VCPU" => wanted.vcpus = amount,
            "MEMORY_MB" => wanted.ram_mb = amount,
            "DISK_GB" => wanted.disk_gb = amount,
            _ => return Err(bad()),
        }
    }
    Ok(wanted)
}

/// The hosts that so much fits on. As in Placement, whether they are disabled or down is nothing that it knows.
fn candidates(cloud: &Cloud, call: &Call) -> Handled {
    let wanted = call.parameter("resources");
    let wanted = wanted.ok_or_else(|| Refusal::bad("The resources parameter is needed."))?;
    let (wanted, (limit, _)) = (resources(wanted)?, call.page()?);
    let fitting = cloud.hosts.iter().filter(|host| host.has_room(wanted));
    let fitting: Vec<&Host> = fitting.take(limit).collect();
    let request = |host: &&Host| {
        let held = json!({"resources": by_class(wanted)});
        json!({"allocations": {&host.uuid: held}, "mappings": {"": [host.uuid]}})
    };
    let summary = |host: &&Host| {
        let (all, used) = (host.capacity(), host.used);
        let of = |capacity: u64, used: u64| json!({"capacity": capacity, "used": used});
        let classes = json!({
            "VCPU": of(all.vcpus, used.vcpus),
            "MEMORY_MB": of(all.ram_mb, used.ram_mb),
            "DISK_GB": of(all.disk_gb, used.disk_gb),
        });
        (
            host.uuid.clone(),
            json!({"resources": classes, "traits": []}),
        )
    };
    Ok(Answer::ok(json!({
        "allocation_requests": fitting.iter().map(request).collect::<Vec<_>>(),
        "provider_summaries": fitting.iter().map(summary).collect::<Map<String, Value>>(),
    })))
}
