//! Who asks, with which rights, and through which dialect.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What a user may do. Each role holds the rights of the ones below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads everything but secrets.
    Observer,
    /// Also drives machines and changes nodes, power controls and rules.
    Operator,
    /// Also manages users and settings.
    Admin,
}

impl Role {
    /// The role's name in configuration, tokens and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "observer" => Ok(Self::Observer),
            "operator" => Ok(Self::Operator),
            "admin" => Ok(Self::Admin),
            other => Err(Error::invalid(format!(
                "unknown role '{other}': expected admin, operator or observer"
            ))),
        }
    }
}

/// The API through which a request came; written into every audit line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenStack Ironic Inspector.
    Inspector,
    /// CloudManager.
    CloudManager,
    /// Luna2.
    Luna2,
    /// Confluent.
    Confluent,
    /// Commissaire.
    Commissaire,
    /// Assay's own API, boot files and command line.
    Assay,
}

impl Dialect {
    /// The dialect's name in logs and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inspector => "inspector",
            Self::CloudManager => "cloudmanager",
            Self::Luna2 => "luna2",
            Self::Confluent => "confluent",
            Self::Commissaire => "commissaire",
            Self::Assay => "assay",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Whoever asks for a use case: a user, a machine's agent, or Assay itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user's name, `agent` for a ramdisk, `assay` for Assay's own schedulers.
    pub name: String,
    /// What the actor may do.
    pub role: Role,
    /// The API that the request came through.
    pub dialect: Dialect,
    /// The id of the HTTP request, for logs and tasks.
    pub request_id: String,
}

impl Actor {
    /// Assay itself: sweeps, follow-up tasks, command line.
    pub fn system() -> Self {
        Self {
            name: "assay".to_owned(),
            role: Role::Admin,
            dialect: Dialect::Assay,
            request_id: String::new(),
        }
    }

    /// Refuses an actor whose role is below `role`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] names the role that is needed.
    pub fn require(&self, role: Role) -> Result<()> {
        if self.role >= role {
            return Ok(());
        }
        Err(Error::Forbidden(format!(
            "this needs the role {}, and {} has {}",
            role.as_str(),
            self.name,
            self.role.as_str()
        )))
    }
}
