//! The two iPXE scripts: the fixed one that names the machine, and the one that boots it.

use std::net::SocketAddr;

use assay_app::{App, BootDecision, BootRequest};
use rocket::http::ContentType;
use rocket::{State, get};

use crate::guards::BootRate;
use crate::link::Base;
use crate::query::Query;
use crate::reply::Reply;

use super::script;

/// Gives every machine the same script: it asks again with the MAC address, system UUID and serial
/// number that iPXE knows. Point DHCP here. Needs no token.
#[utoipa::path(
    tag = "boot",
    security(()),
    responses((status = 200, description = "An iPXE script", body = String, content_type = "text/plain")),
)]
#[get("/assay/v1/boot/ipxe")]
pub(crate) fn get_chain_script(_rate: BootRate, base: Base) -> (ContentType, String) {
    (ContentType::Plain, script::chain(&base))
}

/// Gives a machine that is awaited a script that boots the ramdisk, an unknown one as well when
/// discovery is on, a node's machine otherwise the node's boot image, and any other one a script that
/// goes on to the next boot device. Needs no token.
#[utoipa::path(
    tag = "boot",
    security(()),
    params(
        ("mac" = String, Path, description = "MAC address of the card that it boots from"),
        ("uuid" = Option<String>, Query, description = "System UUID"),
        ("serial" = Option<String>, Query, description = "Serial number"),
    ),
    responses((status = 200, description = "An iPXE script", body = String, content_type = "text/plain")),
)]
#[get("/assay/v1/boot/ipxe/<mac>")]
pub(crate) async fn get_boot_script(
    app: &State<App>,
    _rate: BootRate,
    base: Base,
    query: Query<'_>,
    peer: Option<SocketAddr>,
    mac: &str,
) -> Reply<(ContentType, String)> {
    let known = |name| query.get(name).map(str::to_owned);
    let request = BootRequest {
        mac: mac.to_owned(),
        uuid: known("uuid"),
        serial: known("serial"),
        source: peer.map(|peer| peer.ip().to_string()),
    };
    let decision = app.boot().decide(request).await?;
    let text = match decision {
        BootDecision::Local { reason } => script::local(&reason),
        BootDecision::Image(image) => script::image(&image),
        BootDecision::Introspect { nonce, node } => {
            let ramdisk = script::Ramdisk {
                base: &base,
                nonce: &nonce,
                node: node.as_deref(),
                boot: &app.settings().boot,
            };
            ramdisk.script()?
        }
    };
    Ok((ContentType::Plain, text))
}
