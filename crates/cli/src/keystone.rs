//! Lets the use cases believe the tokens of an external Keystone, when one is configured.

use std::sync::Arc;

use assay_app::{App, KeystoneSettings};
use assay_keystone::{Keystone, KeystoneConfig};

use crate::error::Error;

/// Connects the application with the Keystone of its settings, if there is one.
///
/// # Errors
/// [`Error::Config`] for settings that cannot work, and when nobody at all could come in.
pub(crate) fn connect(app: &App) -> Result<(), Error> {
    let settings = app.settings();
    let Some(keystone) = &settings.keystone else {
        if settings.identity.local_users {
            return Ok(());
        }
        let text = "identity.local_users = false needs an external Keystone in [keystone]";
        return Err(Error::Config(text.to_owned()));
    };
    let client = Keystone::new(client_config(keystone)?)
        .map_err(|error| Error::Config(format!("keystone: {error}")))?;
    app.identity()
        .believe(Arc::new(client))
        .map_err(|error| Error::Config(error.to_string()))
}

fn client_config(settings: &KeystoneSettings) -> Result<KeystoneConfig, Error> {
    let password = settings
        .service_password()
        .map_err(|error| Error::Config(error.to_string()))?;
    let authorities = match &settings.ca_file {
        Some(file) => {
            let read = std::fs::read(file);
            Some(read.map_err(Error::io(format!("keystone.ca_file {}", file.display())))?)
        }
        None => None,
    };
    Ok(KeystoneConfig {
        url: settings.url.clone(),
        username: settings.username.clone(),
        password,
        user_domain: settings.user_domain.clone(),
        project: settings.project.clone(),
        project_domain: settings.project_domain.clone(),
        authorities,
        timeout: settings.timeout,
    })
}
