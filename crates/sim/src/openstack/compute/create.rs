//! Nova: `POST /servers`.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::wire::links;
use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::{Cloud, Moment, NewServer, NewVolume, Scope, Token, VolumeSource};
use crate::openstack::request::Call;

pub(super) fn answer(cloud: &mut Cloud, call: &Call, token: &Token, now: Moment) -> Handled {
    let asked = call.object("server")?;
    let new = read(cloud, call, asked, token)?;
    let id = cloud.create(new, now)?;
    let location = format!("{}/compute/v2.1/servers/{id}", call.base);
    let body = json!({"server": {
        "id": id,
        "links": links(call, &format!("servers/{id}")),
        "OS-DCF:diskConfig": "MANUAL",
        "security_groups": [{"name": "default"}],
        "adminPass": "simulated",
    }});
    Ok(Answer::with_status(StatusCode::ACCEPTED, body).with("location", location))
}

fn read(
    cloud: &Cloud,
    call: &Call,
    asked: &Map<String, Value>,
    token: &Token,
) -> Result<NewServer, Refusal> {
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    let needs = |name: &str| {
        let missing = || Refusal::bad(format!("'{name}' is a required property"));
        text(name).filter(|it| !it.is_empty()).ok_or_else(missing)
    };
    let Scope::Project(project_id) = token.scope.clone() else {
        return Err(Refusal::bad("A token for a project is needed."));
    };
    check_rest(call, asked)?;
    let flavor = needs("flavorRef")?;
    let flavor = cloud.flavors.iter().position(|it| it.id == flavor);
    let flavor = flavor.ok_or_else(|| Refusal::bad("Can not find requested flavor."))?;
    let (zone, mut host) = zone(cloud, text("availability_zone"))?;
    if let Some(name) = text("host").filter(|_| call.minor >= 74) {
        let missing = || Refusal::bad(format!("Compute host {name} could not be found."));
        host = Some(cloud.host_place(name).ok_or_else(missing)?);
    }
    let image_id = text("imageRef").filter(|id| !id.is_empty());
    if let Some(id) = image_id
        && !cloud.images.iter().any(|image| image.id == id)
    {
        return Err(Refusal::bad("Can not find requested image."));
    }
    let (volumes, image_id) = volumes(asked, image_id)?;
    if volumes.is_empty() && image_id.is_none() {
        return Err(Refusal::bad("Invalid imageRef provided."));
    }
    let metadata = match asked.get("metadata") {
        None => Map::new(),
        Some(it) => it
            .as_object()
            .cloned()
            .ok_or_else(|| Refusal::bad("Invalid metadata."))?,
    };
    Ok(NewServer {
        name: needs("name")?.to_owned(),
        project_id,
        flavor,
        image_id,
        volumes,
        zone,
        host,
        group: group(cloud, call)?,
        metadata: super::servers::texts(&metadata)?.collect(),
        key_name: key_name(cloud, text("key_name"))?,
        networks: named(asked, "networks", "uuid"),
        security_groups: named(asked, "security_groups", "name"),
    })
}

/// What the members of a list say under a key.
fn named(asked: &Map<String, Value>, list: &str, key: &str) -> Vec<String> {
    let members = asked.get(list).and_then(Value::as_array);
    let named = members
        .into_iter()
        .flatten()
        .filter_map(|it| it[key].as_str());
    named.map(str::to_owned).collect()
}

/// A key pair, which has to be the one user's.
fn key_name(cloud: &Cloud, asked: Option<&str>) -> Result<Option<String>, Refusal> {
    match asked {
        Some(name) if !cloud.key_pairs.contains_key(name) => {
            Err(Refusal::bad("Invalid key_name provided."))
        }
        asked => Ok(asked.map(str::to_owned)),
    }
}

/// What is checked and not kept.
fn check_rest(call: &Call, asked: &Map<String, Value>) -> Result<(), Refusal> {
    match asked.get("networks") {
        None if call.minor >= 37 => return Err(Refusal::bad("'networks' is a required property")),
        Some(Value::String(word)) if word != "none" && word != "auto" => {
            return Err(Refusal::bad("Invalid input for field/attribute networks."));
        }
        _ => {}
    }
    let several = ["min_count", "max_count"]
        .iter()
        .filter_map(|name| asked.get(*name));
    if several.into_iter().any(|count| count != 1 && count != "1") {
        return Err(Refusal::bad("This simulator creates one server at a time."));
    }
    Ok(())
}

/// A zone, or `ZONE:HOST`.
fn zone(cloud: &Cloud, asked: Option<&str>) -> Result<(Option<String>, Option<usize>), Refusal> {
    let Some(asked) = asked.filter(|it| !it.is_empty()) else {
        return Ok((None, None));
    };
    let (zone, host) = match asked.split_once(':') {
        Some((zone, host)) => (zone, Some(host.split(':').next().unwrap_or(host))),
        None => (asked, None),
    };
    let unavailable = || Refusal::bad("The requested availability zone is not available");
    let is_there = (0..cloud.hosts.len()).any(|place| cloud.zone(place) == zone);
    if host.is_none() && !is_there {
        return Err(unavailable());
    }
    let missing = |name| Refusal::bad(format!("Compute host {name} could not be found."));
    let host = host.map(|name| cloud.host_place(name).ok_or_else(|| missing(name)));
    let host = host.transpose()?;
    // A host that was named is in whatever zone it is in.
    Ok((host.is_none().then(|| zone.to_owned()), host))
}

fn group(cloud: &Cloud, call: &Call) -> Result<Option<String>, Refusal> {
    let hints = ["os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"];
    let group = hints
        .iter()
        .find_map(|hints| call.body[*hints]["group"].as_str());
    match group {
        None => Ok(None),
        Some(id) if cloud.groups.iter().any(|it| it.id == id) => Ok(Some(id.to_owned())),
        Some(id) => Err(Refusal::bad(format!(
            "Instance group {id} could not be found."
        ))),
    }
}

/// The volumes of the server, in the order of their boot indices, and the image unless it boots from the first.
fn volumes(
    asked: &Map<String, Value>,
    image_id: Option<&str>,
) -> Result<(Vec<NewVolume>, Option<String>), Refusal> {
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let mapping = asked
        .get("block_device_mapping_v2")
        .and_then(Value::as_array);
    let mut mapping: Vec<&Value> = mapping.into_iter().flatten().collect();
    // Those without an index, or with one below 0, are not booted from.
    let order = |it: &Value| number(&it["boot_index"]).filter(|index| *index >= 0);
    mapping.sort_by_key(|it| order(it).unwrap_or(i64::MAX));
    let invalid = || Refusal::bad("Block Device Mapping is Invalid.");
    let mut image = image_id.map(str::to_owned);
    let mut volumes = Vec::new();
    for it in mapping {
        let is_first = order(it) == Some(0);
        let uuid = it["uuid"].as_str().map(str::to_owned);
        let kinds = (it["source_type"].as_str(), it["destination_type"].as_str());
        let source = match kinds {
            (Some("volume"), _) => VolumeSource::There(uuid.ok_or_else(invalid)?),
            (Some("image"), Some("volume")) => {
                let size = number(&it["volume_size"]).and_then(|size| u64::try_from(size).ok());
                let size = size.filter(|size| *size > 0).ok_or_else(invalid)?;
                VolumeSource::Image(uuid.ok_or_else(invalid)?, size)
            }
            (Some("image"), Some("local") | None) if is_first => {
                image = uuid.or(image);
                continue;
            }
            _ => return Err(invalid()),
        };
        if is_first {
            image = None;
        }
        let deletes = it["delete_on_termination"].as_bool().unwrap_or_default();
        volumes.push(NewVolume { source, deletes });
    }
    Ok((volumes, image))
}
