//! Host keys of SSH devices that were trusted at first use.

use assay_app::{App, HostKey};
use rocket::serde::json::Json;
use rocket::{State, delete, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::reply::{Answer, Nothing, Reply};

/// The host key that the device of a power control showed first.
#[derive(Serialize, ToSchema)]
#[schema(as = HostKey)]
pub(super) struct HostKeyWire {
    /// The key as OpenSSH writes it.
    #[schema(
        example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDguQ0kef9ruOLOF57spILmFAHORO16nCphEY60zLK5S"
    )]
    host_key: String,
    /// Its fingerprint, as `ssh-keygen -l` shows it.
    #[schema(example = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8")]
    fingerprint: Option<String>,
}

impl From<HostKey> for HostKeyWire {
    fn from(host_key: HostKey) -> Self {
        let HostKey { key, fingerprint } = host_key;
        Self {
            host_key: key,
            fingerprint,
        }
    }
}

/// Shows the host key that is remembered for a power control.
#[utoipa::path(
    tag = "power controls",
    params(("power_control_id" = i64, Path, description = "Key of the power control")),
    responses(
        (status = 200, description = "The host key", body = HostKeyWire),
        (status = 404, description = "The power control cannot be found, or no host key is remembered"),
    ),
)]
#[get("/assay/v1/power-controls/<power_control_id>/host-key")]
pub(crate) async fn show_host_key(
    app: &State<App>,
    caller: Caller,
    power_control_id: i64,
) -> Answer<HostKeyWire> {
    let controls = app.power_controls();
    let found = controls.host_key(&caller.0, power_control_id).await?;
    Ok(Json(found.into()))
}

/// Forgets the host key of a power control whose device was replaced. With `trust_on_first_use` the
/// next one that it shows is believed.
#[utoipa::path(
    tag = "power controls",
    params(("power_control_id" = i64, Path, description = "Key of the power control")),
    responses(
        (status = 204, description = "Forgotten"),
        (status = 404, description = "The power control cannot be found, or no host key is remembered"),
    ),
)]
#[delete("/assay/v1/power-controls/<power_control_id>/host-key")]
pub(crate) async fn forget_host_key(
    app: &State<App>,
    caller: Caller,
    power_control_id: i64,
) -> Reply<Nothing> {
    let controls = app.power_controls();
    controls
        .forget_host_key(&caller.0, power_control_id)
        .await?;
    Ok(Nothing)
}
