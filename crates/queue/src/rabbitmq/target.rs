//! Which broker, and how it is reached: URL, certificates.

use std::path::Path;
use std::time::Duration;

use assay_domain::{Error, Result, Secret};
use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};

use crate::settings::QueueSettings;

/// How long one attempt to connect may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Seconds between signs of life on the connection; two missing ones end it.
const HEARTBEAT: u16 = 5;

/// A broker.
pub(super) struct Target {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
}

impl Target {
    /// Reads URL and files.
    pub(super) async fn new(url: &Secret, settings: &QueueSettings) -> Result<Self> {
        // The parser's own message might repeat the password.
        let refused =
            |_| Error::invalid("queue.url is not like amqp[s]://USER:PASSWORD@HOST:PORT/VHOST");
        let mut uri: AMQPUri = url.expose().parse().map_err(refused)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
        uri.query.connection_timeout.get_or_insert(patience);
        let cert_chain = match &settings.ca_file {
            Some(path) => Some(text("queue.ca_file", path).await?),
            None => None,
        };
        let identity = match (&settings.client_certificate, &settings.client_key) {
            (Some(certificate), Some(key)) => Some(OwnedIdentity::PKCS8 {
                pem: text("queue.client_certificate", certificate).await?.into(),
                key: text("queue.client_key", key).await?.into(),
            }),
            _ => None,
        };
        Ok(Self {
            uri,
            tls: OwnedTLSConfig {
                identity,
                cert_chain,
            },
        })
    }

    /// The broker's name in logs, without user and password.
    pub(super) fn name(&self) -> String {
        let authority = &self.uri.authority;
        format!("{}:{}/{}", authority.host, authority.port, self.uri.vhost)
    }

    /// Connects once.
    pub(super) async fn connect(&self) -> Result<Connection, String> {
        let runtime = lapin::runtime::default_runtime().map_err(|error| error.to_string())?;
        let name = format!("assay {}", std::process::id());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = Connection::connect_uri_with_config(
            self.uri.clone(),
            properties,
            self.tls.clone(),
            runtime,
        );
        match tokio::time::timeout(PATIENCE, connecting).await {
            Ok(connected) => connected.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}

/// A file's text; it has to look like PEM.
async fn text(setting: &str, path: &Path) -> Result<String> {
    let shown = path.display();
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| Error::invalid(format!("{setting}: {shown}: {error}")))?;
    if !text.contains("-----BEGIN") {
        return Err(Error::invalid(format!("{setting}: {shown} is no PEM file")));
    }
    Ok(text)
}
