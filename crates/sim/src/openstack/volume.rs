//! Cinder v3: volumes, and its services.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Handled, Refusal};
use super::cloud::clock::micros;
use super::cloud::{Cloud, Moment, Scope, Token, Volume};
use super::request::Call;

/// The host of all volumes, as Cinder writes it: host, backend and pool.
const HOST: &str = "storage-1@lvm#lvm";

/// Answers; the project may stand in the path before everything else.
pub(super) fn answer(cloud: &mut Cloud, call: &Call, token: &Token, now: Moment) -> Handled {
    let all = call.segments();
    let is_project = cloud
        .projects
        .iter()
        .any(|it| all.first() == Some(&it.id.as_str()));
    let path = if is_project { &all[1..] } else { &all[..] };
    match (&call.method, path) {
        (&Method::GET, ["volumes"]) => list(cloud, call, token, false),
        (&Method::GET, ["volumes", "detail"]) => list(cloud, call, token, true),
        (&Method::POST, ["volumes"]) => create(cloud, call, token, now),
        (&Method::GET, ["volumes", id]) => {
            Ok(Answer::ok(json!({"volume": full(call, cloud.volume(id)?)})))
        }
        (&Method::DELETE, ["volumes", id]) => {
            cloud.delete_volume(id, now)?;
            Ok(Answer::accepted())
        }
        (&Method::GET, ["types"]) => Ok(Answer::ok(json!({"volume_types": []}))),
        (&Method::GET, ["os-services"]) => Ok(services(call, now)),
        _ => Err(Refusal::no_resource()),
    }
}

fn list(cloud: &Cloud, call: &Call, token: &Token, is_full: bool) -> Handled {
    let of_all = call.is_asked("all_tenants");
    let is = |name: &str, value: &str| call.parameter(name).is_none_or(|wanted| wanted == value);
    let fits = |volume: &&Volume| {
        (of_all || token.scope == Scope::Project(volume.project_id.clone()))
            && is("name", &volume.name)
            && is("status", volume.status)
    };
    let (limit, marker) = call.page()?;
    let before = match marker {
        None => u64::MAX,
        Some(id) => cloud.volume(id)?.number,
    };
    let page = cloud
        .volumes
        .range(..before)
        .rev()
        .map(|(_, volume)| volume);
    let page: Vec<&Volume> = page.filter(fits).take(limit).collect();
    let show = |volume: &&Volume| {
        if is_full {
            full(call, volume)
        } else {
            brief(call, volume)
        }
    };
    let mut body = json!({"volumes": page.iter().map(show).collect::<Vec<_>>()});
    if let Some(last) = page.last().filter(|_| page.len() == limit) {
        let path = if is_full {
            "/volume/v3/volumes/detail"
        } else {
            "/volume/v3/volumes"
        };
        body["volumes_links"] = call.next_page(path, &last.id);
    }
    Ok(Answer::ok(body))
}

fn brief(call: &Call, volume: &Volume) -> Value {
    let path = format!("volumes/{}", volume.id);
    json!({
        "id": volume.id,
        "name": volume.name,
        "links": [
            {"rel": "self", "href": format!("{}/volume/v3/{path}", call.base)},
            {"rel": "bookmark", "href": format!("{}/volume/{path}", call.base)},
        ],
    })
}

fn full(call: &Call, volume: &Volume) -> Value {
    let attachment = |it: &super::cloud::Attachment| {
        json!({
            "id": volume.id,
            "attachment_id": it.id,
            "volume_id": volume.id,
            "server_id": it.server_id,
            "host_name": null,
            "device": it.device,
            "attached_at": micros(it.at),
        })
    };
    let attachments: Vec<Value> = volume.attachments.iter().map(attachment).collect();
    let mut shown = brief(call, volume);
    let Value::Object(members) = json!({
        "size": volume.size_gb,
        "status": volume.status,
        "attachments": attachments,
        "availability_zone": "nova",
        "bootable": if volume.is_bootable { "true" } else { "false" },
        "consistencygroup_id": null,
        "created_at": micros(volume.created),
        "updated_at": micros(volume.created),
        "description": null,
        "encrypted": false,
        "metadata": volume.metadata,
        "multiattach": false,
        "os-vol-host-attr:host": HOST,
        "os-vol-tenant-attr:tenant_id": volume.project_id,
        "replication_status": null,
        "snapshot_id": null,
        "source_volid": volume.source,
        "volume_type": "lvm",
    }) else {
        return shown;
    };
    if let Value::Object(shown) = &mut shown {
        shown.extend(members);
    }
    if let Some(image) = &volume.image_id {
        shown["volume_image_metadata"] = json!({"image_id": image});
    }
    shown
}

fn create(cloud: &mut Cloud, call: &Call, token: &Token, now: Moment) -> Handled {
    let asked = call.object("volume")?;
    let Scope::Project(project) = &token.scope else {
        return Err(Refusal::bad("A token for a project is needed."));
    };
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    let source = text("source_volid")
        .map(|id| cloud.volume(id))
        .transpose()?;
    if let Some(source) = source.filter(|it| !["available", "in-use"].contains(&it.status)) {
        return Err(Refusal::bad(format!(
            "Invalid volume: volume {} is {}.",
            source.id, source.status
        )));
    }
    let size = asked.get("size").filter(|size| !size.is_null());
    let size = match (size.map(Value::as_u64), source) {
        (Some(Some(size)), None) if size > 0 => size,
        (Some(Some(size)), Some(source)) if size >= source.size_gb => size,
        (None, Some(source)) => source.size_gb,
        _ => return Err(Refusal::bad("Invalid input for field/attribute size.")),
    };
    let image = text("imageRef").map(str::to_owned);
    if image
        .as_ref()
        .is_some_and(|id| !cloud.images.iter().any(|it| it.id == *id))
    {
        return Err(Refusal::bad(
            "Invalid image identifier or unable to access requested image.",
        ));
    }
    let copied = source.map(|it| (it.id.clone(), it.is_bootable, it.image_id.clone()));
    let noted = asked.get("metadata").and_then(Value::as_object);
    let noted: BTreeMap<String, String> = noted
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    let name = text("name").unwrap_or_default().to_owned();
    let number = cloud.new_volume(project, (name, size), now);
    let volume = cloud
        .volumes
        .get_mut(&number)
        .ok_or_else(Refusal::no_resource)?;
    volume.is_bootable = image.is_some();
    volume.image_id = image;
    volume.metadata = noted;
    if let Some((id, is_bootable, image)) = copied {
        volume.source = Some(id);
        volume.is_bootable = is_bootable;
        volume.image_id = image;
    }
    let made = json!({"volume": full(call, volume)});
    let id = volume.id.clone();
    cloud.counters.accept(&id, "create");
    Ok(Answer::with_status(StatusCode::ACCEPTED, made))
}

fn services(call: &Call, now: Moment) -> Answer {
    let wanted = call.parameter("binary");
    let service = |(binary, host): (&str, &str)| {
        json!({
            "binary": binary,
            "host": host,
            "zone": "nova",
            "status": "enabled",
            "state": "up",
            "disabled_reason": null,
            "updated_at": micros(now),
        })
    };
    let all = [
        ("cinder-scheduler", "controller"),
        ("cinder-volume", "storage-1@lvm"),
    ];
    let all = all
        .into_iter()
        .filter(|(binary, _)| wanted.is_none_or(|it| it == *binary));
    Answer::ok(json!({"services": all.map(service).collect::<Vec<_>>()}))
}
