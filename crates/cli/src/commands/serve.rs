//! `assay serve` and `assay-api`: a server until a signal ends it.

use assay_app::AuthMode;

use super::say;
use crate::args::{Auth, Common, Serve};
use crate::config::{Config, TlsConfig};
use crate::error::Error;
use crate::logging;
use crate::notify;
use crate::server::{Roles, Server};
use crate::signals::{Asked, Signals};

/// Serves until SIGTERM or SIGINT; SIGHUP reads certificate and key again.
pub(crate) async fn run(common: &Common, serve: Serve, roles: Roles) -> Result<(), Error> {
    let mut config = Config::load(common)?;
    config.listen = serve.listen.unwrap_or(config.listen);
    match serve.auth {
        Some(Auth::None) => config.settings.auth = AuthMode::None,
        Some(Auth::Required) => config.settings.auth = AuthMode::Required,
        None => {}
    }
    logging::start(&config.log)?;
    let server = Server::start(config, roles).await?;
    say(&format!("listening on {}", server.url()));
    notify::ready();
    until_signal(server).await
}

/// Keeps a server until a signal ends it.
pub(crate) async fn until_signal(mut server: Server) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::End => break,
                Asked::Reload => match server.reload().await {
                    Ok(()) => tracing::info!("certificate and key were read again"),
                    Err(error) => tracing::error!(%error, "certificate and key were not read again"),
                },
            },
            failure = server.failed() => return Err(failure),
        }
    }
    tracing::info!("stopping");
    notify::stopping();
    server.stop().await;
    Ok(())
}

/// Refuses a certificate or key that a listener could not use.
pub(crate) fn check_tls(tls: &TlsConfig) -> Result<(), Error> {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let bad = |file: &std::path::Path, reason: String| {
        Error::Config(format!("{}: {reason}", file.display()))
    };
    let chain = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(&tls.certificate, error.to_string()))?;
    let key =
        PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| bad(&tls.key, error.to_string()))?;
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map(|_| ())
        .map_err(|error| bad(&tls.certificate, error.to_string()))
}
