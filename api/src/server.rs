//! Puts the rooms together into one Rocket.

use std::net::IpAddr;
use std::path::PathBuf;

use assay_app::App;
use metrics_exporter_prometheus::PrometheusHandle;
use rocket::config::{Config, Ident, LogLevel, Shutdown, TlsConfig};
use rocket::{Build, Rocket};

use crate::front::Front;
use crate::guards::{Limiters, ReportBudget};
use crate::traced::traced;
use crate::upkeep::upkeep;
use crate::{boot, catcher, dialects, documents};

/// Seconds that requests in progress get to end by themselves when the server stops. Idle
/// connections last as long, so this is also how long a stop takes while clients keep theirs.
const GRACE: u32 = 3;
/// Seconds after that for connections to close.
const MERCY: u32 = 1;
/// Seconds that an idle connection is kept.
const KEEP_ALIVE: u32 = 60;

/// A certificate chain and its key, PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Certificate chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Private key (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
}

/// How the listener is set up.
#[derive(Clone)]
pub struct ServerConfig {
    /// Address to listen on.
    pub address: IpAddr,
    /// Port to listen on; 0 takes a free one, which a liftoff fairing can read.
    pub port: u16,
    /// Speaks HTTPS with these files; plain HTTP without.
    pub tls: Option<TlsFiles>,
    /// What /metrics shows; without it the path answers 503.
    pub metrics: Option<PrometheusHandle>,
}

/// The whole HTTP face over an application, ready to be ignited and launched.
///
/// Rocket neither logs nor listens to signals; stop it by its shutdown handle. Certificate and key
/// are read at launch: to use new ones, stop this instance and launch another on the same address.
pub fn rocket(app: App, server: ServerConfig) -> Rocket<Build> {
    let settings = app.settings();
    let budget = ReportBudget::new(settings.body_limits.report_budget);
    let limiters = Limiters::new(&settings.rate_limits);
    let mut rocket = rocket::custom(config(&server));
    if let Some(metrics) = &server.metrics {
        rocket = rocket.attach(upkeep(metrics.clone()));
    }
    let rocket = rocket
        .manage(budget)
        .manage(limiters)
        .manage(dialects::assay::Metrics(server.metrics))
        .attach(Front::new(app.clone()))
        .manage(app)
        .mount("/", traced(dialects::routes()))
        .mount("/", traced(boot::routes()))
        .register("/", catcher::catchers());
    documents::mount(rocket)
}

fn config(server: &ServerConfig) -> Config {
    Config {
        address: server.address,
        port: server.port,
        tls: server
            .tls
            .as_ref()
            .map(|files| TlsConfig::from_paths(&files.certificate, &files.key)),
        ident: Ident::none(),
        ip_header: None,
        keep_alive: KEEP_ALIVE,
        log_level: LogLevel::Off,
        cli_colors: false,
        shutdown: Shutdown {
            ctrlc: false,
            signals: std::collections::HashSet::new(),
            grace: GRACE,
            mercy: MERCY,
            force: false,
            ..Shutdown::default()
        },
        ..Config::release_default()
    }
}
