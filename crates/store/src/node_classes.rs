//! Node classes with their types, and boot images.

use assay_domain::node_class::{BootImageField, NodeClassField};
use assay_domain::{BootImage, Filter, NodeClass, NodeImage, NodeType, Page, Result, Timestamp};

use crate::Store;

impl Store {
    /// All node classes with their types.
    pub async fn node_classes(&self) -> Result<Vec<NodeClass>> {
        read!(self, node_classes::classes())
    }

    /// The node classes for which all filters hold, in order of their keys, with their types.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn list_node_classes(
        &self,
        filters: Vec<Filter<NodeClassField>>,
        page: Page,
    ) -> Result<Vec<NodeClass>> {
        read!(self, node_classes::list(&filters, page))
    }

    /// How many node classes there are for which all filters hold.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn count_node_classes(&self, filters: Vec<Filter<NodeClassField>>) -> Result<i64> {
        read!(self, node_classes::count(&filters))
    }

    /// The node class with that key, with its types.
    pub async fn node_class(&self, id: i64) -> Result<Option<NodeClass>> {
        read!(self, node_classes::find(id))
    }

    /// Adds a node class with types of these names.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, or a type is named twice.
    pub async fn create_node_class(&self, name: &str, types: &[String]) -> Result<NodeClass> {
        let (name, types) = (name.to_owned(), types.to_vec());
        write!(self, node_class_edits::create(&name, &types))
    }

    /// Renames a node class and replaces its types: one that it has keeps its key, one that is not
    /// named goes.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the name is taken, or a type that is to go is a node's.
    pub async fn update_node_class(
        &self,
        id: i64,
        name: Option<String>,
        types: Option<Vec<String>>,
    ) -> Result<NodeClass> {
        write!(
            self,
            node_class_edits::update(id, name.as_deref(), types.as_deref())
        )
    }

    /// Removes a node class with its types.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for the default one, and, naming nodes, while it is theirs.
    pub async fn delete_node_class(&self, id: i64) -> Result<()> {
        write!(self, node_class_edits::delete(id))
    }

    /// Adds a type to a node class.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the class has a type of that name.
    pub async fn create_node_type(&self, class: i64, name: &str) -> Result<NodeType> {
        let name = name.to_owned();
        write!(self, node_class_edits::create_type(class, &name))
    }

    /// Renames a type of a node class.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the class has a type of that name.
    pub async fn update_node_type(
        &self,
        class: i64,
        id: i64,
        name: Option<String>,
    ) -> Result<NodeType> {
        write!(
            self,
            node_class_edits::update_type(class, id, name.as_deref())
        )
    }

    /// Removes a type of a node class.
    ///
    /// # Errors
    /// `NotFound`; `Conflict`, naming nodes, while it is theirs.
    pub async fn delete_node_type(&self, class: i64, id: i64) -> Result<()> {
        write!(self, node_class_edits::delete_type(class, id))
    }

    /// The names of all boot images, without what they boot.
    pub async fn node_images(&self) -> Result<Vec<NodeImage>> {
        read!(self, node_classes::images())
    }

    /// The boot images for which all filters hold, in order of their keys.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn list_boot_images(
        &self,
        filters: Vec<Filter<BootImageField>>,
        page: Page,
    ) -> Result<Vec<BootImage>> {
        read!(self, node_images::list(&filters, page))
    }

    /// How many boot images there are for which all filters hold.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn count_boot_images(&self, filters: Vec<Filter<BootImageField>>) -> Result<i64> {
        read!(self, node_images::count(&filters))
    }

    /// The boot image with that key.
    pub async fn boot_image(&self, id: i64) -> Result<Option<BootImage>> {
        read!(self, node_images::find(id))
    }

    /// Adds a boot image.
    ///
    /// # Errors
    /// `Conflict` when the name is taken.
    pub async fn create_boot_image(
        &self,
        name: &str,
        content: &str,
        now: Timestamp,
    ) -> Result<BootImage> {
        let (name, content) = (name.to_owned(), content.to_owned());
        write!(self, node_images::create(&name, &content, now))
    }

    /// Removes a boot image.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for the one of new nodes, and, naming nodes, while it is theirs.
    pub async fn delete_boot_image(&self, id: i64) -> Result<()> {
        write!(self, node_images::delete(id))
    }
}
