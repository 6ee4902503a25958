//! Kernel and initramfs, streamed from their files.

use std::path::PathBuf;

use assay_app::App;
use assay_domain::{Error, Phase, Result};
use rocket::http::ContentType;
use rocket::response::{self, Responder};
use rocket::tokio::fs::File;
use rocket::{Request, Response, State, get};

use crate::guards::BootRate;
use crate::reply::Reply;

use super::transfer::Transfer;

/// Sent in pieces of this size.
const CHUNK: usize = 64 << 10;

/// A file that is sent as it is.
pub(crate) struct BootFile {
    transfer: Transfer,
    size: usize,
}

impl BootFile {
    async fn open(path: PathBuf, app: &App, nonce: &str, phase: Phase) -> Result<Self> {
        let problem =
            |problem: std::io::Error| Error::internal(format!("{}: {problem}", path.display()));
        let file = File::open(&path).await.map_err(problem)?;
        let length = file.metadata().await.map_err(problem)?.len();
        let size = usize::try_from(length).map_err(Error::internal)?;
        let transfer = Transfer::new(file, length, app, nonce, phase);
        Ok(Self { transfer, size })
    }
}

impl<'r> Responder<'r, 'static> for BootFile {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .header(ContentType::Binary)
            .sized_body(self.size, self.transfer)
            .max_chunk_size(CHUNK)
            .ok()
    }
}

/// Gives the kernel to the machine whose boot has this nonce. Needs no token.
#[utoipa::path(
    tag = "boot",
    security(()),
    params(("nonce" = String, Path, description = "The nonce of the boot script")),
    responses(
        (status = 200, description = "The kernel", body = String, content_type = "application/octet-stream"),
        (status = 404, description = "No boot with this nonce is awaited"),
    ),
)]
#[get("/assay/v1/boot/<nonce>/kernel", rank = 1)]
pub(crate) async fn get_kernel(app: &State<App>, _rate: BootRate, nonce: &str) -> Reply<BootFile> {
    let path = app.boot().file(nonce, Phase::Kernel).await?;
    Ok(BootFile::open(path, app, nonce, Phase::Kernel).await?)
}

/// Gives the initramfs to the machine whose boot has this nonce. Needs no token.
#[utoipa::path(
    tag = "boot",
    security(()),
    params(("nonce" = String, Path, description = "The nonce of the boot script")),
    responses(
        (status = 200, description = "The initramfs", body = String, content_type = "application/octet-stream"),
        (status = 404, description = "No boot with this nonce is awaited"),
    ),
)]
#[get("/assay/v1/boot/<nonce>/initramfs", rank = 1)]
pub(crate) async fn get_initramfs(
    app: &State<App>,
    _rate: BootRate,
    nonce: &str,
) -> Reply<BootFile> {
    let path = app.boot().file(nonce, Phase::Initramfs).await?;
    Ok(BootFile::open(path, app, nonce, Phase::Initramfs).await?)
}
