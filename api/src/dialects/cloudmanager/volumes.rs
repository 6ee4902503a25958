//! Cinder's volumes on storage hosts: list, get, mirror, move to another disk. As with other actions on
//! hosts, a request waits a while for the end of its task.

use assay_app::App;
use assay_domain::volume::VolumeAction;
use rocket::serde::json::Json;
use rocket::{State, get, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Reply};

use super::host_actions::Acted;
use super::volume_wire::{OneVolume, VolumeList, VolumeWire};

/// How many mirrors a volume is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedMirrors {
    /// Copies beside the volume itself, as `lvconvert --mirrors` counts; 0 turns mirroring off.
    #[schema(minimum = 0, maximum = 63, example = 1)]
    mirror_count: u32,
}

/// From where a volume is moved, and to where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedMove {
    /// The physical volume that it leaves.
    #[schema(example = "/dev/mapper/mpathb")]
    source_pv: String,
    /// The physical volume that it goes to; LVM chooses when absent.
    #[schema(example = "/dev/mapper/mpathc")]
    dest_pv: Option<String>,
}

/// Lists all volumes of Cinder's in the volume backends: logical volumes `volume-…` with a UUID. When a
/// host does not answer, there is no list.
#[utoipa::path(
    tag = "volumes",
    responses(
        (status = 200, description = "The volumes", body = VolumeList),
        (status = 409, description = "A host, which is named, cannot be reached as configured, or has no such volume group"),
        (status = 422, description = "A host, which is named, lacks LVM"),
        (status = 503, description = "A host, which is named, does not answer"),
    ),
)]
#[get("/v1/volumes")]
pub(crate) async fn list_volumes(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<VolumeList> {
    query.only(&[])?;
    let volumes = app.volumes().list(&caller.0).await?;
    Ok(Json(VolumeList {
        volumes: volumes.iter().map(VolumeWire::from).collect(),
    }))
}

/// Shows a volume, with the hosts that have it locked.
#[utoipa::path(
    tag = "volumes",
    params(("volume_id" = String, Path, description = "Cinder's id of the volume")),
    responses(
        (status = 200, description = "The volume", body = OneVolume),
        (status = 404, description = "No host has the volume"),
        (status = 409, description = "A host, which is named, cannot be reached as configured, or has no such volume group"),
        (status = 422, description = "A host, which is named, lacks LVM"),
        (status = 503, description = "A host, which is named, does not answer, and no other has the volume"),
    ),
)]
#[get("/v1/volumes/<volume_id>")]
pub(crate) async fn get_volume(
    app: &State<App>,
    caller: Caller,
    volume_id: &str,
) -> Answer<OneVolume> {
    let volume = app.volumes().get(&caller.0, volume_id).await?.into();
    Ok(Json(OneVolume { volume }))
}

/// Gives a volume so many mirrors, each on a disk of its own (`lvconvert`, RAID 1), or takes mirrors
/// away. It is done when all that is to be copied is.
#[utoipa::path(
    tag = "volumes",
    params(("volume_id" = String, Path, description = "Cinder's id of the volume")),
    request_body = WantedMirrors,
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "No host has the volume"),
        (status = 409, description = "LVM refuses, with its words; or the host cannot be reached as configured"),
        (status = 422, description = "The host lacks LVM"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "A host does not answer"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/volumes/<volume_id>/actions/mirror", data = "<body>")]
pub(crate) async fn mirror_volume(
    app: &State<App>,
    caller: Caller,
    volume_id: &str,
    body: JsonBody<WantedMirrors>,
) -> Reply<Acted> {
    let action = VolumeAction::Mirror(body.0.mirror_count);
    let volumes = app.volumes();
    Ok(Acted(volumes.act(&caller.0, volume_id, action).await?))
}

/// Moves a volume's data away from a disk while it is in use (`pvmove --atomic`). Its task says how much
/// is copied; revoked, it leaves everything where it was.
#[utoipa::path(
    tag = "volumes",
    params(("volume_id" = String, Path, description = "Cinder's id of the volume")),
    request_body = WantedMove,
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "No host has the volume"),
        (status = 409, description = "LVM refuses, with its words; the volume is thin, or not on that disk; or the host cannot be reached as configured"),
        (status = 422, description = "The host lacks LVM"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "A host does not answer"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/volumes/<volume_id>/actions/pv-migrate", data = "<body>")]
pub(crate) async fn migrate_volume(
    app: &State<App>,
    caller: Caller,
    volume_id: &str,
    body: JsonBody<WantedMove>,
) -> Reply<Acted> {
    let WantedMove { source_pv, dest_pv } = body.0;
    let action = VolumeAction::Migrate {
        source: source_pv,
        destination: dest_pv,
    };
    let volumes = app.volumes();
    Ok(Acted(volumes.act(&caller.0, volume_id, action).await?))
}
