//! Phases that the agent reports from inside the machine.

use assay_app::App;
use assay_domain::{Error, Phase};
use rocket::{State, post};

use crate::guards::BootRate;
use crate::reply::{Nothing, Reply};

/// Stamps a phase that the agent has reached: agent or collectors. Needs no token.
#[utoipa::path(
    tag = "boot",
    security(()),
    params(
        ("nonce" = String, Path, description = "The nonce of the boot script"),
        ("phase" = String, Path, description = "agent or collectors", example = "agent"),
    ),
    responses(
        (status = 204, description = "Stamped"),
        (status = 404, description = "No boot with this nonce is awaited"),
    ),
)]
#[post("/assay/v1/boot/<nonce>/phase/<phase>")]
pub(crate) async fn report_phase(
    app: &State<App>,
    _rate: BootRate,
    nonce: &str,
    phase: &str,
) -> Reply<Nothing> {
    let phase: Phase = phase.parse()?;
    if !matches!(phase, Phase::Agent | Phase::Collectors) {
        return Err(Error::invalid("an agent reports the phases agent and collectors only").into());
    }
    app.boot().stamp(nonce, phase).await?;
    Ok(Nothing)
}
