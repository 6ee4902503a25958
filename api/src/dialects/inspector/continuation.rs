//! The ramdisk's callback. It takes no token: an introspection must be waiting for it.

use assay_app::App;
use rocket::serde::json::Json;
use rocket::{Data, State, post};

use crate::guards::{Intake, ReportRate};
use crate::query::Query;
use crate::reply::Answer;

use super::wire::ContinueAnswer;

/// Takes in a machine's report. For ramdisks only; needs no token, but the nonce that the machine's
/// boot script carried.
#[utoipa::path(
    tag = "ramdisk",
    security(()),
    params(("nonce" = Option<String>, Query, description = "The nonce of the boot script")),
    request_body(content = Object, content_type = "application/json", description = "The hardware inventory as ironic-python-agent sends it, at least `inventory`; optionally `root_disk`, `boot_interface`, `error`, `logs`"),
    responses(
        (status = 200, description = "Taken in", body = ContinueAnswer),
        (status = 403, description = "No introspection awaits this report"),
        (status = 404, description = "No node, or several, fit the report"),
        (status = 413, description = "The report is too large"),
        (status = 429, description = "The sender asks too often"),
    ),
)]
#[post("/v1/continue", data = "<body>")]
pub(crate) async fn continue_introspection(
    app: &State<App>,
    _rate: ReportRate,
    query: Query<'_>,
    intake: Intake<'_>,
    body: Data<'_>,
) -> Answer<ContinueAnswer> {
    let admission = app.boot().admit(query.get("nonce")).await?;
    let received = intake.read(body).await?;
    let uuid = app.boot().receive(admission, received.bytes).await?;
    Ok(Json(ContinueAnswer { uuid }))
}
