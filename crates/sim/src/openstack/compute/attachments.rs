//! Nova: the volumes and the network cards of a server.

use hyper::Method;
use serde_json::{Value, json};

use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::{Attachment, Cloud, Moment, Volume};
use crate::openstack::request::Call;

pub(super) fn answer(cloud: &mut Cloud, call: &Call, id: &str, now: Moment) -> Handled {
    let path = call.segments();
    let number = cloud.instance(id)?.number;
    let missing = |volume: &str| Refusal::not_found(format!("volume_id not found: {volume}"));
    match (&call.method, &path[3..]) {
        (&Method::GET, []) => {
            let all = cloud.volumes_of(id);
            let all: Vec<Value> = all.map(|(volume, it)| shown(call, volume, it)).collect();
            Ok(Answer::ok(json!({ "volumeAttachments": all })))
        }
        (&Method::GET, [wanted]) => {
            let found = cloud
                .volumes_of(id)
                .find(|(volume, _)| volume.id == *wanted);
            let (volume, it) = found.ok_or_else(|| missing(wanted))?;
            Ok(Answer::ok(
                json!({"volumeAttachment": shown(call, volume, it)}),
            ))
        }
        (&Method::POST, []) => {
            let asked = call.object("volumeAttachment")?;
            let wanted = asked.get("volumeId").and_then(Value::as_str);
            let wanted = wanted.ok_or_else(|| Refusal::bad("'volumeId' is a required property"))?;
            let deletes = asked.get("delete_on_termination").and_then(Value::as_bool);
            let volume = cloud.check_free(wanted)?;
            cloud.attach(volume, number, deletes.unwrap_or_default(), now);
            let found = cloud.volumes_of(id).find(|(volume, _)| volume.id == wanted);
            let (volume, it) = found.ok_or_else(|| missing(wanted))?;
            Ok(Answer::ok(
                json!({"volumeAttachment": shown(call, volume, it)}),
            ))
        }
        (&Method::DELETE, [wanted]) => {
            cloud.detach(id, wanted)?;
            Ok(Answer::accepted())
        }
        _ => Err(Refusal::no_resource()),
    }
}

/// The cards of a server: one per network, without an address.
pub(super) fn interfaces(cloud: &Cloud, id: &str) -> Handled {
    let networks = cloud.instance(id)?.networks.iter();
    let cards = networks.map(|network| {
        json!({
            "net_id": network,
            "port_id": format!("{id}-{network}"),
            "port_state": "ACTIVE",
            "mac_addr": "fa:16:3e:00:00:01",
            "fixed_ips": [],
        })
    });
    Ok(Answer::ok(
        json!({"interfaceAttachments": cards.collect::<Vec<_>>()}),
    ))
}

fn shown(call: &Call, volume: &Volume, attachment: &Attachment) -> Value {
    let mut shown = json!({
        "serverId": attachment.server_id,
        "volumeId": volume.id,
        "device": attachment.device,
    });
    if call.minor >= 70 {
        shown["tag"] = Value::Null;
    }
    if call.minor >= 79 {
        shown["delete_on_termination"] = json!(attachment.deletes);
    }
    if call.minor >= 89 {
        shown["attachment_id"] = json!(attachment.id);
        shown["bdm_uuid"] = json!(attachment.id);
    } else {
        shown["id"] = json!(volume.id);
    }
    shown
}
