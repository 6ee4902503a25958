//! Connects the use cases with the cloud whose hypervisors run on the nodes, when one is configured.

use std::sync::Arc;

use assay_app::{App, CloudInterface, CloudSettings};
use assay_cloud::{Interface, OpenStack, OpenStackConfig};
use assay_keystone::KeystoneConfig;

use crate::error::Error;

/// Connects the application with the cloud of its settings, if there is one.
///
/// # Errors
/// [`Error::Config`] for settings that cannot work.
pub(crate) fn connect(app: &App) -> Result<(), Error> {
    let Some(settings) = &app.settings().cloud else {
        return Ok(());
    };
    let cloud = OpenStack::new(client_config(settings)?)
        .map_err(|error| Error::Config(format!("cloud: {error}")))?;
    app.use_cloud(Arc::new(cloud));
    Ok(())
}

fn client_config(settings: &CloudSettings) -> Result<OpenStackConfig, Error> {
    let password = settings
        .password()
        .map_err(|error| Error::Config(error.to_string()))?;
    let authorities = match &settings.ca_file {
        Some(file) => {
            let read = std::fs::read(file);
            Some(read.map_err(Error::io(format!("cloud.ca_file {}", file.display())))?)
        }
        None => None,
    };
    Ok(OpenStackConfig {
        keystone: KeystoneConfig {
            url: settings.auth_url.clone(),
            username: settings.username.clone(),
            password,
            user_domain: settings.user_domain.clone(),
            project: settings.project.clone(),
            project_domain: settings.project_domain.clone(),
            authorities,
            timeout: settings.timeout,
        },
        region: settings.region.clone(),
        interface: match settings.interface {
            CloudInterface::Public => Interface::Public,
            CloudInterface::Internal => Interface::Internal,
            CloudInterface::Admin => Interface::Admin,
        },
        patience: settings.patience,
    })
}
