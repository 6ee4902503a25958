//! Nova: flavors.

use hyper::Method;
use serde_json::{Value, json};

use super::wire::links;
use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::{Cloud, Flavor};
use crate::openstack::request::Call;

pub(super) fn answer(cloud: &Cloud, call: &Call) -> Handled {
    if call.method != Method::GET {
        return Err(Refusal::no_resource());
    }
    let find = |id: &str| {
        let found = cloud.flavors.iter().find(|flavor| flavor.id == id);
        found.ok_or_else(|| Refusal::not_found(format!("Flavor {id} could not be found.")))
    };
    match call.segments().as_slice() {
        ["flavors"] => list(cloud, call, brief),
        ["flavors", "detail"] => list(cloud, call, full),
        ["flavors", id] => Ok(Answer::ok(json!({"flavor": full(call, find(id)?)}))),
        ["flavors", id, "os-extra_specs"] => {
            find(id)?;
            Ok(Answer::ok(json!({"extra_specs": {}})))
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn list(cloud: &Cloud, call: &Call, show: fn(&Call, &Flavor) -> Value) -> Handled {
    let (limit, marker) = call.page()?;
    let first = match marker {
        None => 0,
        Some(id) => {
            let place = cloud.flavors.iter().position(|flavor| flavor.id == id);
            place.ok_or_else(|| Refusal::bad(format!("marker [{id}] not found")))? + 1
        }
    };
    let page = cloud.flavors.iter().skip(first).take(limit);
    let page: Vec<Value> = page.map(|flavor| show(call, flavor)).collect();
    Ok(Answer::ok(json!({ "flavors": page })))
}

fn brief(call: &Call, flavor: &Flavor) -> Value {
    json!({
        "id": flavor.id,
        "name": flavor.name,
        "links": links(call, &format!("flavors/{}", flavor.id)),
    })
}

fn full(call: &Call, flavor: &Flavor) -> Value {
    let mut shown = brief(call, flavor);
    shown["vcpus"] = json!(flavor.size.vcpus);
    shown["ram"] = json!(flavor.size.ram_mb);
    shown["disk"] = json!(flavor.size.disk_gb);
    shown["swap"] = if call.minor < 75 { json!("") } else { json!(0) };
    shown["rxtx_factor"] = json!(1.0);
    shown["OS-FLV-DISABLED:disabled"] = json!(false);
    shown["OS-FLV-EXT-DATA:ephemeral"] = json!(0);
    shown["os-flavor-access:is_public"] = json!(true);
    if call.minor >= 55 {
        shown["description"] = Value::Null;
    }
    if call.minor >= 61 {
        shown["extra_specs"] = json!({});
    }
    shown
}
