//! Glance v2: the little that booting needs.

use hyper::Method;
use serde_json::{Value, json};

use super::answer::{Answer, Handled, Refusal};
use super::cloud::{Cloud, Image};
use super::request::Call;

pub(super) fn answer(cloud: &Cloud, call: &Call) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["images"]) => {
            let wanted = call.parameter("name");
            let found = cloud.images.iter();
            let found = found.filter(|image| wanted.is_none_or(|name| name == image.name));
            let found: Vec<Value> = found.map(shown).collect();
            Ok(Answer::ok(json!({
                "images": found,
                "first": "/v2/images",
                "schema": "/v2/schemas/images",
            })))
        }
        (&Method::GET, ["images", id]) => {
            let found = cloud.images.iter().find(|image| image.id == *id);
            let missing = || Refusal::not_found(format!("No image found with ID {id}"));
            Ok(Answer::ok(shown(found.ok_or_else(missing)?)))
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn shown(image: &Image) -> Value {
    json!({
        "id": image.id,
        "name": image.name,
        "status": "active",
        "visibility": "public",
        "container_format": "bare",
        "disk_format": "qcow2",
        "size": image.size,
        "min_disk": image.min_disk_gb,
        "min_ram": image.min_ram_mb,
        "protected": false,
        "tags": [],
        "file": format!("/v2/images/{}/file", image.id),
        "self": format!("/v2/images/{}", image.id),
        "schema": "/v2/schemas/image",
    })
}
