//! Use cases of boot images.

use assay_domain::node_class::BootImageField;
use assay_domain::{Actor, BootImage, Error, Filter, Page, Result, Role};

use crate::App;
use crate::text::check_name;

/// The longest content of an image, in bytes.
const LONGEST_CONTENT: usize = 64 << 10;

/// Boot images.
pub struct BootImages<'a> {
    app: &'a App,
}

impl<'a> BootImages<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of the images that pass all filters, in the order of their keys.
    pub async fn list(
        &self,
        actor: &Actor,
        filters: Vec<Filter<BootImageField>>,
        page: Page,
    ) -> Result<Vec<BootImage>> {
        actor.require(Role::Observer)?;
        self.app.store().list_boot_images(filters, page).await
    }

    /// How many images pass all filters.
    pub async fn count(&self, actor: &Actor, filters: Vec<Filter<BootImageField>>) -> Result<i64> {
        actor.require(Role::Observer)?;
        self.app.store().count_boot_images(filters).await
    }

    /// One image.
    pub async fn get(&self, actor: &Actor, id: i64) -> Result<BootImage> {
        actor.require(Role::Observer)?;
        let found = self.app.store().boot_image(id).await?;
        found.ok_or_else(|| Error::not_found("Image", id))
    }

    /// Stores an image: a PXELINUX configuration, or an iPXE script. Whether a machine can boot it is
    /// seen when one asks.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a bad name, and for what is no text or longer than 64 KiB;
    /// [`Error::Conflict`] when the name is taken.
    pub async fn create(&self, actor: &Actor, name: &str, content: &str) -> Result<BootImage> {
        actor.require(Role::Operator)?;
        check_name("image_name", name)?;
        check_content(content)?;
        let now = self.app.clock().now();
        let store = self.app.store();
        let image = store.create_boot_image(name, content, now).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, image = image.id, "boot image created");
        Ok(image)
    }

    /// Deletes an image.
    ///
    /// # Errors
    /// [`Error::Conflict`] for the image that new nodes get, and for the image of a node.
    pub async fn delete(&self, actor: &Actor, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.app.store().delete_boot_image(id).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, image = id, "boot image deleted");
        Ok(())
    }
}

fn check_content(content: &str) -> Result<()> {
    if content.len() > LONGEST_CONTENT {
        return Err(Error::invalid(format!(
            "file_data: the content is longer than {LONGEST_CONTENT} bytes"
        )));
    }
    let is_text = |character: char| !character.is_control() || "\n\r\t".contains(character);
    if !content.chars().all(is_text) {
        return Err(Error::invalid(
            "file_data: the content holds a control character",
        ));
    }
    Ok(())
}
