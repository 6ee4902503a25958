//! Nova v2.1: who answers what.

mod actions;
mod aggregates;
mod attachments;
mod create;
mod flavors;
mod groups;
mod hypervisors;
mod keypairs;
mod migrations;
mod servers;
mod services;
mod wire;

use hyper::Method;

use super::answer::{Handled, Refusal};
use super::cloud::{Cloud, Moment, Token};
use super::request::Call;

pub(super) fn answer(cloud: &mut Cloud, call: &Call, token: &Token, now: Moment) -> Handled {
    let path = call.segments();
    match path.first().copied() {
        Some("servers") => servers(cloud, call, token, now),
        Some("flavors") => flavors::answer(cloud, call),
        Some("os-services") => services::answer(cloud, call, now),
        Some("os-availability-zone") => services::zones(cloud, call, now),
        Some("os-hypervisors") => hypervisors::answer(cloud, call, now),
        Some("os-aggregates") => aggregates::answer(cloud, call, now),
        Some("os-server-groups") => groups::answer(cloud, call, token),
        Some("os-keypairs") => keypairs::answer(cloud, call),
        Some("os-migrations") => migrations::all(cloud, call),
        _ => Err(Refusal::no_resource()),
    }
}

fn servers(cloud: &mut Cloud, call: &Call, token: &Token, now: Moment) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["servers"]) => servers::list(cloud, call, token, false),
        (&Method::GET, ["servers", "detail"]) => servers::list(cloud, call, token, true),
        (&Method::POST, ["servers"]) => create::answer(cloud, call, token, now),
        (&Method::POST, ["servers", id, "action"]) => actions::answer(cloud, call, id, now),
        (_, ["servers", id, "migrations", ..]) => migrations::of_server(cloud, call, id, now),
        (_, ["servers", id, "metadata", ..]) => servers::metadata(cloud, call, id, now),
        (_, ["servers", id, "os-volume_attachments", ..]) => {
            attachments::answer(cloud, call, id, now)
        }
        (&Method::GET, ["servers", id, "os-interface"]) => attachments::interfaces(cloud, id),
        (&Method::GET, ["servers", id]) => servers::show(cloud, call, id),
        (&Method::DELETE, ["servers", id]) => servers::delete(cloud, id, now),
        _ => Err(Refusal::no_resource()),
    }
}
