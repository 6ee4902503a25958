//! The store itself: opening, migrating, and the keys.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use assay_domain::{Error, PowerControl, Result};
use tokio::task::spawn_blocking;

use crate::StoreConfig;
use crate::database::Database;
use crate::fault::Outcome;
use crate::key_file;
use crate::keys::{Key, Keyring, key_id};
use crate::rows::PowerControlRow;

/// Everything Assay remembers. A clone is another handle on the same database.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    key_file: PathBuf,
    keys: RwLock<Keyring>,
}

impl Store {
    /// Connects to the database; it does not migrate it.
    ///
    /// The key file is made, readable by its owner only, when there is none and the database
    /// holds no secret yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a database URL that is none; [`Error::Conflict`] for a database with
    /// migrations that this program does not know, and for encrypted records whose key is missing;
    /// [`Error::Unavailable`] when there is no connection.
    pub async fn open(config: &StoreConfig) -> Result<Self> {
        let settings = config.clone();
        let database = blocking(move || Database::open(&settings)).await?;
        refuse_newer(&database).await?;
        let keys = open_keys(&database, &config.key_file).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                database,
                key_file: config.key_file.clone(),
                keys: RwLock::new(keys),
            }),
        })
    }

    /// Applies the migrations that the database does not have yet; gives their names. Safe to call
    /// from several processes at the same time.
    pub async fn migrate(&self) -> Result<Vec<String>> {
        write!(self, migrations::run())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        read!(self, migrations::ping())
    }

    /// 32 secret bytes that follow from the installation's key and `label`: the same ones for the
    /// same label until the key is rotated (HMAC-SHA256).
    pub fn derive_secret(&self, label: &str) -> [u8; 32] {
        self.keys().derive(label)
    }

    /// Encrypts all secrets with a new key.
    ///
    /// The keys before it stay in the key file until the next rotation, so that processes which
    /// still run can read; they take the new key up by themselves. What was derived from the old
    /// key, such as the signing key of tokens, changes. After a crash in the middle, a second
    /// rotation finishes the work.
    pub async fn rotate_key(&self) -> Result<()> {
        let held = self.reload_keys().await?;
        let needed = write!(self, secrets::key_ids())?;
        let mut keys = vec![Key::random()?];
        let mut former = held.keys().iter();
        // The sealing key so far, whether or not a record needs it: somebody may be sealing now.
        keys.extend(former.next().cloned());
        keys.extend(former.filter(|key| needed.contains(key.id())).cloned());
        let ring = Keyring::new(keys).ok_or_else(|| Error::internal("a ring without a key"))?;
        let (path, file) = (self.inner.key_file.clone(), ring.clone());
        blocking(move || key_file::replace(&path, &file)).await?;
        self.set_keys(ring.clone());
        let count = write!(self, secrets::reseal(&ring))?;
        tracing::info!(power_controls = count, "the secrets have a new key");
        Ok(())
    }

    pub(crate) fn database(&self) -> &Database {
        &self.inner.database
    }

    /// The keys as they are now in the file, to seal with: another process may have rotated them.
    pub(crate) async fn reload_keys(&self) -> Result<Keyring> {
        let path = self.inner.key_file.clone();
        let ring = blocking(move || key_file::load(&path)).await?;
        let ring = ring.ok_or_else(|| missing(&self.inner.key_file, None))?;
        self.set_keys(ring.clone());
        Ok(ring)
    }

    /// Decrypts the secrets of power controls.
    pub(crate) async fn open_all(&self, rows: Vec<PowerControlRow>) -> Result<Vec<PowerControl>> {
        let mut keys = self.keys();
        let known = |row: &PowerControlRow| {
            let mut sealed = [&row.password, &row.ssh_key].into_iter().flatten();
            sealed.all(|text| keys.has(key_id(text)))
        };
        if !rows.iter().all(known) {
            keys = self.reload_keys().await?;
        }
        let opened = rows.into_iter().map(|row| row.open(&keys));
        Ok(opened.collect::<Outcome<Vec<_>>>()?)
    }

    /// Decrypts the secrets of one power control.
    pub(crate) async fn open_one(&self, row: PowerControlRow) -> Result<PowerControl> {
        let mut opened = self.open_all(vec![row]).await?;
        opened
            .pop()
            .ok_or_else(|| Error::internal("a power control went away"))
    }

    fn keys(&self) -> Keyring {
        let keys = self.inner.keys.read();
        keys.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_keys(&self, ring: Keyring) {
        let keys = self.inner.keys.write();
        *keys.unwrap_or_else(PoisonError::into_inner) = ring;
    }
}

/// A handle that the macros can read from before there is a store.
struct Opening<'a>(&'a Database);

impl Opening<'_> {
    fn database(&self) -> &Database {
        self.0
    }
}

async fn refuse_newer(database: &Database) -> Result<()> {
    let unknown = write!(Opening(database), migrations::unknown())?;
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "the database is newer than this program: it has the migrations {}",
        unknown.join(", ")
    )))
}

async fn open_keys(database: &Database, path: &Path) -> Result<Keyring> {
    let needed = write!(Opening(database), secrets::key_ids())?;
    let file = path.to_owned();
    let ring = match blocking(move || key_file::load(&file)).await? {
        Some(ring) => ring,
        None if needed.is_empty() => {
            let file = path.to_owned();
            blocking(move || key_file::create(&file)).await?
        }
        None => return Err(missing(path, None)),
    };
    match needed.iter().find(|id| !ring.has(id)) {
        Some(id) => Err(missing(path, Some(id))),
        None => Ok(ring),
    }
}

fn missing(path: &Path, id: Option<&str>) -> Error {
    let path = path.display();
    Error::conflict(match id {
        None => {
            format!("the database holds encrypted secrets, and their key file {path} is missing")
        }
        Some(id) => format!(
            "the database holds secrets encrypted with the key {id}, which is not in {path}"
        ),
    })
}

/// Runs `work`, which blocks, on a thread for such work.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Result<T> {
    Ok(spawn_blocking(work).await.map_err(Error::internal)??)
}
