//! The file that holds the keys, outside the database.
//!
//! One line per key, `id base64`; the first one seals. A rotation puts a new key in front and keeps
//! the ones before it while records need them, so that a process that still runs can read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use assay_domain::Error;
use zeroize::Zeroizing;

use crate::fault::{Fault, Outcome};
use crate::keys::{Key, Keyring};

/// The first line of a key file.
const HEADER: &str =
    "# Assay: keys of the secrets in the database. Keep this file secret and backed up.";

/// The keys in the file, or `None` when there is no such file.
pub(crate) fn load(path: &Path) -> Outcome<Option<Keyring>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::io(format!("cannot read {}", path.display()))(error)),
    };
    warn_if_shared(path);
    let lines = text.lines().map(str::trim);
    let keys = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(Key::from_line)
        .collect::<Option<Vec<_>>>();
    let ring = keys.and_then(Keyring::new);
    let bad = || Error::invalid(format!("{} is not a key file of Assay", path.display()));
    Ok(Some(ring.ok_or_else(bad)?))
}

/// Makes the file with one new key. When another process does so at the same time, its key is used.
pub(crate) fn create(path: &Path) -> Outcome<Keyring> {
    let ring = Keyring::new(vec![Key::random()?])
        .ok_or_else(|| Error::internal("a ring without a key"))?;
    let temporary = write_beside(path, &ring)?;
    // Unlike a rename, a link never replaces a file that is there.
    let linked = std::fs::hard_link(&temporary, path);
    std::fs::remove_file(&temporary).map_err(Fault::io(temporary.display()))?;
    match linked {
        Ok(()) => sync_folder(path).map(|()| ring),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            load(path)?.ok_or_else(|| Error::internal("the key file went away").into())
        }
        Err(error) => Err(Fault::io(format!("cannot create {}", path.display()))(
            error,
        )),
    }
}

/// Puts `ring` in the place of what the file holds, at once.
pub(crate) fn replace(path: &Path, ring: &Keyring) -> Outcome<()> {
    let temporary = write_beside(path, ring)?;
    std::fs::rename(&temporary, path)
        .map_err(Fault::io(format!("cannot replace {}", path.display())))?;
    sync_folder(path)
}

fn write_beside(path: &Path, ring: &Keyring) -> Outcome<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", uuid::Uuid::new_v4()));
    let temporary = PathBuf::from(name);
    let mut text = Zeroizing::new(format!("{HEADER}\n"));
    for key in ring.keys() {
        text.push_str(&Zeroizing::new(key.to_line()));
        text.push('\n');
    }
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(Fault::io(format!("cannot write {}", temporary.display())))?;
    Ok(temporary)
}

/// Makes the name of a new file survive a power failure.
fn sync_folder(path: &Path) -> Outcome<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Fault::io(folder.display()))
}

fn warn_if_shared(path: &Path) {
    if let Ok(metadata) = std::fs::metadata(path)
        && metadata.mode() & 0o077 != 0
    {
        tracing::warn!(path = %path.display(), "the key file can be read by others than its owner");
    }
}
