//! Nodes that are protected: what would interrupt their machines is refused, unless an administrator
//! forces it.

use assay_domain::{Actor, Error, Node, Result, Role};

/// Whether a protected node is respected, or an administrator wants it done all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// What would interrupt a protected node is refused.
    #[default]
    Respected,
    /// It is done all the same.
    Forced,
}

impl Protection {
    /// From what a caller asks for.
    pub fn forced(force: bool) -> Self {
        if force { Self::Forced } else { Self::Respected }
    }

    /// Refuses to force anything for those who may not, whatever it would be done to.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for an actor who is no administrator.
    pub(crate) fn authorise(self, actor: &Actor) -> Result<()> {
        match self {
            Self::Respected => Ok(()),
            Self::Forced => actor.require(Role::Admin),
        }
    }

    /// Refuses what would interrupt this node.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a protected node; as of [`Self::authorise`].
    pub(crate) fn check(self, actor: &Actor, node: &Node) -> Result<()> {
        self.authorise(actor)?;
        match self {
            Self::Respected if node.is_protected => {
                let name = node.name.as_deref().unwrap_or(&node.uuid);
                Err(Error::conflict(refusal(name)))
            }
            Self::Forced if node.is_protected => {
                tracing::warn!(user = actor.name, dialect = %actor.dialect, node = node.uuid, "the protection of a node is overridden");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Why a protected node is not interrupted.
pub(crate) fn refusal(node: &str) -> String {
    format!(
        "node {node} is protected (NodeSafe is enabled): disable it, or have an administrator force this with ?force=true"
    )
}
