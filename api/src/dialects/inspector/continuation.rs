//! The ramdisk's callback. It takes no token: an introspection must be waiting for it.

use assay_app::{App, Received};
use std::net::SocketAddr;

use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{Data, State, post};

use crate::guards::{Intake, ReportRate};
use crate::query::Query;
use crate::refusal::Arrival;
use crate::reply::Reply;

use super::wire::{ContinueAnswer, HeldAnswer};

/// Takes in a machine's report. For ramdisks only; needs no token, but the nonce that the machine's
/// boot script carried.
#[utoipa::path(
    tag = "ramdisk",
    security(()),
    params(("nonce" = Option<String>, Query, description = "The nonce of the boot script")),
    request_body(content = Object, content_type = "application/json", description = "The hardware inventory as ironic-python-agent sends it, at least `inventory`; optionally `root_disk`, `boot_interface`, `error`, `logs`"),
    responses(
        (status = 200, description = "Taken in", body = ContinueAnswer),
        (status = 202, description = "Taken in; an operator has to decide which machine it is", body = HeldAnswer),
        (status = 403, description = "No introspection awaits this report"),
        (status = 404, description = "No node, or several, fit the report"),
        (status = 413, description = "The report is too large"),
        (status = 429, description = "The sender, or unknown machines together, ask too often"),
        (status = 503, description = "There is no room for another report"),
    ),
)]
#[post("/v1/continue", data = "<body>")]
pub(crate) async fn continue_introspection(
    app: &State<App>,
    _rate: ReportRate,
    query: Query<'_>,
    intake: Intake<'_>,
    peer: Option<SocketAddr>,
    body: Data<'_>,
) -> Reply<Taken> {
    let source = peer.map(|peer| peer.ip().to_string());
    let nonce = query.get("nonce");
    let admission = app.boot().admit(nonce, source.as_deref()).await?;
    let intake = intake.within(admission.limit(app.settings()));
    let arrival = Arrival::begin(app, nonce, source.as_deref());
    let received = arrival.end(intake.read(body).await)?;
    let boot = app.boot();
    let taken = boot.receive(admission, received.bytes, source.as_deref());
    Ok(match taken.await? {
        Received::ByNode(uuid) => Taken::In(Json(ContinueAnswer { uuid })),
        Received::Held(held_report) => {
            let answer = HeldAnswer {
                uuid: None,
                held_report,
            };
            Taken::Held((Status::Accepted, Json(answer)))
        }
    })
}

/// What the machine is told of its report.
#[derive(rocket::Responder)]
pub(crate) enum Taken {
    /// It is being processed.
    In(Json<ContinueAnswer>),
    /// It waits for a decision.
    Held((Status, Json<HeldAnswer>)),
}
