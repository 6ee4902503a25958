//! `assay migrate`, `backup`, `restore` and `rotate-key`.

use std::path::Path;

use assay_store::Store;

use super::say;
use crate::args::Common;
use crate::assembly::open_store;
use crate::config::Config;
use crate::error::Error;

/// Applies the migrations that the database lacks.
pub(crate) async fn migrate(common: &Common) -> Result<(), Error> {
    let config = Config::load(common)?;
    std::fs::create_dir_all(&config.data_dir)
        .map_err(Error::io(config.data_dir.display().to_string()))?;
    crate::owner::check(&config.data_dir)?;
    let applied = Store::open(&config.store()).await?.migrate().await?;
    if applied.is_empty() {
        say("the database is up to date");
    }
    for name in applied {
        say(&format!("applied {name}"));
    }
    Ok(())
}

/// Writes all data into one file.
pub(crate) async fn backup(common: &Common, file: &Path) -> Result<(), Error> {
    let config = Config::load(common)?;
    open_store(&config).await?.backup(file).await?;
    say(&format!(
        "written to {}; keep the key file {} with it, but elsewhere",
        file.display(),
        config.store().key_file.display()
    ));
    Ok(())
}

/// Reads all data from a backup.
pub(crate) async fn restore(common: &Common, file: &Path) -> Result<(), Error> {
    let config = Config::load(common)?;
    open_store(&config).await?.restore(file, false).await?;
    say(&format!("restored from {}", file.display()));
    Ok(())
}

/// Makes a new key and encrypts all secrets with it again.
pub(crate) async fn rotate_key(common: &Common) -> Result<(), Error> {
    let config = Config::load(common)?;
    open_store(&config).await?.rotate_key().await?;
    say("the key was changed; running servers must be restarted, and issued tokens have ended");
    Ok(())
}
