//! Private databases for tests (feature `testing`): a file, or a database of a private PostgreSQL.
//!
//! `TestDatabase::sqlite()` and `::postgres()` give a migrated database of its own to each test;
//! dropping it removes it. The PostgreSQL cluster is shared by all test processes of a user; it
//! starts with the first one and ends by itself seconds after the last one has ended or was killed.

mod cluster;
mod private;
mod programs;

use std::path::PathBuf;
use std::time::Duration;

use assay_domain::{Error, Result};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::{Store, StoreConfig};
use cluster::{Cluster, Use};
pub use private::{Durability, PrivateCluster, postgres_rows};

/// Which kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of the shared private cluster.
    Postgres,
}

/// A database of one test. Drop it after the stores that use it.
pub struct TestDatabase {
    folder: TempDir,
    url: String,
    on_server: Option<OnServer>,
}

/// A database in the cluster; the use keeps the cluster running.
struct OnServer {
    cluster: Use,
    name: String,
}

impl TestDatabase {
    /// A migrated SQLite database.
    pub async fn sqlite() -> Result<Self> {
        Self::migrated(Kind::Sqlite).await
    }

    /// A migrated PostgreSQL database.
    ///
    /// # Errors
    /// Names the Debian package when PostgreSQL is not installed.
    pub async fn postgres() -> Result<Self> {
        Self::migrated(Kind::Postgres).await
    }

    /// A migrated database.
    pub async fn migrated(kind: Kind) -> Result<Self> {
        match kind {
            Kind::Sqlite => {
                let database = Self::in_folder()?;
                database.store().await?.migrate().await?;
                Ok(database)
            }
            Kind::Postgres => Self::on_server(true).await,
        }
    }

    /// A database without tables.
    pub async fn empty(kind: Kind) -> Result<Self> {
        match kind {
            Kind::Sqlite => Self::in_folder(),
            Kind::Postgres => Self::on_server(false).await,
        }
    }

    /// The URL of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where stores on this database keep their keys.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("assay.key")
    }

    /// How to open the database: four readers, five seconds of patience.
    pub fn config(&self) -> StoreConfig {
        StoreConfig {
            url: self.url.clone(),
            readers: 4,
            key_file: self.key_file(),
            wait: Duration::from_secs(5),
        }
    }

    /// Opens the database.
    pub async fn store(&self) -> Result<Store> {
        Store::open(&self.config()).await
    }

    fn in_folder() -> Result<Self> {
        let folder = TempDir::new().map_err(Error::internal)?;
        let url = format!("sqlite:{}", folder.path().join("assay.db").display());
        Ok(Self {
            folder,
            url,
            on_server: None,
        })
    }

    async fn on_server(migrated: bool) -> Result<Self> {
        let folder = TempDir::new().map_err(Error::internal)?;
        let name = format!("test_{}", Uuid::new_v4().simple());
        let new = name.clone();
        let cluster = spawn_blocking(move || {
            let cluster = Cluster::of_user()?.join()?;
            cluster.create_database(&new, migrated)?;
            Ok::<_, Error>(cluster)
        })
        .await
        .map_err(Error::internal)??;
        Ok(Self {
            url: cluster.url(&name),
            folder,
            on_server: Some(OnServer { cluster, name }),
        })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(OnServer { cluster, name }) = &self.on_server
            && let Err(error) = cluster.drop_database(name)
        {
            // It goes with the cluster at the latest.
            tracing::warn!(?error, %name, "a test's database was not removed");
        }
    }
}
