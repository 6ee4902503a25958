//! Puts the rooms of a process together, as the configuration says.

use std::sync::Arc;

use assay_app::{App, Clock, check_volume_backends};
use assay_drivers::Drivers;
use assay_hooks::Pipeline;
use assay_store::Store;

use crate::cloud;
use crate::config::Config;
use crate::error::Error;
use crate::keystone;

/// Opens the store with an up-to-date schema. Of several processes that start at the same time one
/// migrates and the others wait for it.
pub(crate) async fn open_store(config: &Config) -> Result<Store, Error> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(Error::io(config.data_dir.display().to_string()))?;
    crate::owner::check(&config.data_dir)?;
    let store = Store::open(&config.store()).await?;
    let applied = store.migrate().await?;
    if !applied.is_empty() {
        tracing::info!(?applied, "database migrated");
    }
    Ok(store)
}

/// Puts the use cases together.
pub(crate) async fn build_app(config: &Config) -> Result<App, Error> {
    check_volume_backends(&config.settings.volume_backends)
        .map_err(|error| Error::Config(format!("volume_backends: {error}")))?;
    let heartbeats = config.settings.heartbeats.check();
    heartbeats.map_err(|error| Error::Config(format!("heartbeats: {error}")))?;
    let store = open_store(config).await?;
    let pipeline = Pipeline::new(config.settings.hooks.clone())
        .map_err(|error| Error::Config(format!("hooks: {error}")))?;
    let drivers = Drivers::configured(&config.settings.drivers, Arc::new(store.clone()))
        .map_err(|error| Error::Config(format!("drivers.pdu_profiles: {error}")))?;
    let queue = assay_queue::connect(&config.queue, store.clone()).await?;
    let app = App::new(
        store,
        queue,
        drivers,
        pipeline,
        config.settings.clone(),
        Clock,
    );
    keystone::connect(&app)?;
    cloud::connect(&app)?;
    Ok(app)
}
