//! Use cases of node classes and of their types.

use assay_domain::node_class::NodeClassField;
use assay_domain::{Actor, Error, Filter, NodeClass, NodeType, Page, Result, Role};

use crate::App;
use crate::text::{LONGEST_NAME, check_line, check_name};

/// The most types of one class.
const MOST_TYPES: usize = 1000;

/// Node classes.
pub struct NodeClasses<'a> {
    app: &'a App,
}

impl<'a> NodeClasses<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of the classes that pass all filters, in the order of their keys.
    pub async fn list(
        &self,
        actor: &Actor,
        filters: Vec<Filter<NodeClassField>>,
        page: Page,
    ) -> Result<Vec<NodeClass>> {
        actor.require(Role::Observer)?;
        self.app.store().list_node_classes(filters, page).await
    }

    /// How many classes pass all filters.
    pub async fn count(&self, actor: &Actor, filters: Vec<Filter<NodeClassField>>) -> Result<i64> {
        actor.require(Role::Observer)?;
        self.app.store().count_node_classes(filters).await
    }

    /// One class with its types.
    pub async fn get(&self, actor: &Actor, id: i64) -> Result<NodeClass> {
        actor.require(Role::Observer)?;
        let found = self.app.store().node_class(id).await?;
        found.ok_or_else(|| Error::not_found("Node class", id))
    }

    /// Adds a class with types of these names.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a bad name, or a type that is named twice; [`Error::Conflict`] when
    /// the name is taken.
    pub async fn create(&self, actor: &Actor, name: &str, types: &[String]) -> Result<NodeClass> {
        actor.require(Role::Operator)?;
        check_name("name", name)?;
        check_types(types)?;
        let class = self.app.store().create_node_class(name, types).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node_class = class.id, "node class created");
        Ok(class)
    }

    /// Renames a class, and replaces its types where they are given: one that it has keeps its key.
    ///
    /// # Errors
    /// As of [`Self::create`]; [`Error::Conflict`] when a type that is to go is a node's.
    pub async fn update(
        &self,
        actor: &Actor,
        id: i64,
        name: Option<String>,
        types: Option<Vec<String>>,
    ) -> Result<NodeClass> {
        actor.require(Role::Operator)?;
        if let Some(name) = &name {
            check_name("name", name)?;
        }
        check_types(types.as_deref().unwrap_or_default())?;
        let class = self.app.store().update_node_class(id, name, types).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node_class = id, "node class changed");
        Ok(class)
    }

    /// Deletes a class with its types.
    ///
    /// # Errors
    /// [`Error::Conflict`] for the class that new nodes get, and for the class of a node.
    pub async fn delete(&self, actor: &Actor, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.app.store().delete_node_class(id).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node_class = id, "node class deleted");
        Ok(())
    }

    /// Adds a type to a class; its name may be empty.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the class has a type of that name.
    pub async fn create_type(&self, actor: &Actor, class: i64, name: &str) -> Result<NodeType> {
        actor.require(Role::Operator)?;
        check_line("name", name, LONGEST_NAME)?;
        let kind = self.app.store().create_node_type(class, name).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node_class = class, node_type = kind.id, "node type created");
        Ok(kind)
    }

    /// Renames a type of a class.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the class has a type of that name.
    pub async fn update_type(
        &self,
        actor: &Actor,
        class: i64,
        id: i64,
        name: Option<String>,
    ) -> Result<NodeType> {
        actor.require(Role::Operator)?;
        if let Some(name) = &name {
            check_line("name", name, LONGEST_NAME)?;
        }
        let kind = self.app.store().update_node_type(class, id, name).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node_class = class, node_type = id, "node type changed");
        Ok(kind)
    }

    /// Deletes a type of a class.
    ///
    /// # Errors
    /// [`Error::Conflict`] for the type of a node.
    pub async fn delete_type(&self, actor: &Actor, class: i64, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.app.store().delete_node_type(class, id).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node_class = class, node_type = id, "node type deleted");
        Ok(())
    }
}

fn check_types(types: &[String]) -> Result<()> {
    if types.len() > MOST_TYPES {
        return Err(Error::invalid(format!(
            "node_types: {} are more than {MOST_TYPES}",
            types.len()
        )));
    }
    for (index, name) in types.iter().enumerate() {
        check_line("node_types", name, LONGEST_NAME)?;
        if types[..index].contains(name) {
            return Err(Error::invalid(format!(
                "node_types: '{name}' is named twice"
            )));
        }
    }
    Ok(())
}
