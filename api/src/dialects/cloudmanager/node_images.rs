//! Boot images: list, count, get, create, delete. The document has no update.

use assay_app::App;
use assay_domain::BootImage;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply};

use super::filter::image_filters;
use super::iso;
use super::node_wire::Count;
use super::page::{self, page};

/// Filters of boot images. Each takes `value` or `op:value` with the operators eq, ne, gt, ge, lt,
/// le, like, in:a,b, nin:a,b, null:true|false.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters that are read by name")]
struct ImageFilters {
    /// Key
    id: Option<String>,
    /// When it was created, e.g. `ge:2018-10-15T12:59:50`
    created_at: Option<String>,
    /// Name
    image_name: Option<String>,
}

/// A boot image.
#[derive(Serialize, ToSchema)]
#[schema(as = NodeImage)]
pub(super) struct NodeImageWire {
    /// When it was created, UTC.
    #[schema(example = "2018-10-24T09:36:40")]
    created_at: String,
    /// What a machine boots with it: a PXELINUX configuration, or an iPXE script.
    #[schema(example = "default linux\nlabel linux\nkernel vmlinuz\nappend initrd=initrd.img ro")]
    file_data: String,
    /// Key.
    #[schema(example = 2)]
    id: i64,
    /// Name.
    #[schema(example = "test_image")]
    image_name: String,
}

impl From<BootImage> for NodeImageWire {
    fn from(image: BootImage) -> Self {
        Self {
            created_at: iso(image.created_at),
            file_data: image.content,
            id: image.id,
            image_name: image.name,
        }
    }
}

/// One boot image.
#[derive(Serialize, ToSchema)]
pub(super) struct OneNodeImage {
    /// The image.
    node_image: NodeImageWire,
}

/// A list of boot images.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeImageList {
    /// The images, by key.
    node_images: Vec<NodeImageWire>,
}

/// A boot image to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNodeImageBody {
    /// Its fields.
    node_image: NewNodeImage,
}

/// Fields of a new boot image.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNodeImage {
    /// Name, unique, 1 to 255 bytes.
    #[schema(example = "test_image")]
    image_name: String,
    /// What a machine boots with it, text of at most 64 KiB. A text that begins with `#!ipxe` is
    /// given to the machine as it is. Any other one is read as a PXELINUX configuration, of which
    /// the default label is booted without a menu: its kernel, initrd and append lines, or a
    /// localboot line. A file without a URL is taken from the TFTP server that DHCP names. An empty
    /// text boots from the next device.
    #[schema(example = "default linux\nlabel linux\nkernel vmlinuz\nappend initrd=initrd.img ro")]
    file_data: String,
}

/// Lists boot images with their contents, by key.
#[utoipa::path(
    tag = "node images",
    params(
        ImageFilters,
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most; all when absent", minimum = 0),
    ),
    responses((status = 200, description = "The images", body = NodeImageList)),
)]
#[get("/v1/node-images")]
pub(crate) async fn list_node_images(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<NodeImageList> {
    let filters = image_filters(&query, &page::NAMES)?;
    let images = app.boot_images();
    let found = images.list(&caller.0, filters, page(&query)?).await?;
    Ok(Json(NodeImageList {
        node_images: found.into_iter().map(NodeImageWire::from).collect(),
    }))
}

/// Counts boot images. The document lists `offset` and `limit` here: they are taken, and change
/// nothing.
#[utoipa::path(
    tag = "node images",
    params(
        ImageFilters,
        ("offset" = Option<i64>, Query, description = "Without effect", minimum = 0),
        ("limit" = Option<i64>, Query, description = "Without effect", minimum = 0),
    ),
    responses((status = 200, description = "How many pass the filters", body = Count)),
)]
#[get("/v1/node-images/count")]
pub(crate) async fn count_node_images(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<Count> {
    let filters = image_filters(&query, &page::NAMES)?;
    page(&query)?;
    let count = app.boot_images().count(&caller.0, filters).await?;
    Ok(Json(Count { count }))
}

/// Shows a boot image with its content.
#[utoipa::path(
    tag = "node images",
    params(("image_id" = i64, Path, description = "Key of the image")),
    responses(
        (status = 200, description = "The image", body = OneNodeImage),
        (status = 404, description = "The image cannot be found"),
    ),
)]
#[get("/v1/node-images/<image_id>")]
pub(crate) async fn get_node_image(
    app: &State<App>,
    caller: Caller,
    image_id: i64,
) -> Answer<OneNodeImage> {
    let found = app.boot_images().get(&caller.0, image_id).await?;
    Ok(Json(OneNodeImage {
        node_image: found.into(),
    }))
}

/// Creates a boot image.
#[utoipa::path(
    tag = "node images",
    request_body = NewNodeImageBody,
    responses(
        (status = 200, description = "The new image", body = OneNodeImage),
        (status = 409, description = "The name is taken"),
    ),
)]
#[post("/v1/node-images", data = "<body>")]
pub(crate) async fn create_node_image(
    app: &State<App>,
    caller: Caller,
    body: JsonBody<NewNodeImageBody>,
) -> Answer<OneNodeImage> {
    let new = body.0.node_image;
    let images = app.boot_images();
    let created = images
        .create(&caller.0, &new.image_name, &new.file_data)
        .await?;
    Ok(Json(OneNodeImage {
        node_image: created.into(),
    }))
}

/// Deletes a boot image.
#[utoipa::path(
    tag = "node images",
    params(("image_id" = i64, Path, description = "Key of the image")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The image cannot be found"),
        (status = 409, description = "It is the image of new nodes, or of nodes, up to ten of which are named"),
    ),
)]
#[delete("/v1/node-images/<image_id>")]
pub(crate) async fn delete_node_image(
    app: &State<App>,
    caller: Caller,
    image_id: i64,
) -> Reply<Nothing> {
    app.boot_images().delete(&caller.0, image_id).await?;
    Ok(Nothing)
}
