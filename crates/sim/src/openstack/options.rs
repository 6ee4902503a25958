//! How a simulated cloud is set up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::cloud::HostShape;

/// The settings of a simulated cloud. The default is an empty one that does everything at once.
#[derive(Clone)]
pub struct OpenStackOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key: HTTPS when given, else HTTP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The one user's name, of the domain `Default`; the user is admin everywhere.
    pub username: String,
    /// The user's password.
    pub password: String,
    /// How long a token is good for.
    pub token_lifetime: Duration,
    /// How long an action takes that [`Self::delays`] does not name.
    pub delay: Duration,
    /// How long an action takes, by the name that it has in the body of its request (`os-migrateLive`,
    /// `migrate`, `evacuate`, `os-stop`, …), and `create`, `delete`, `volume`.
    pub delays: BTreeMap<String, Duration>,
    /// A compute service that is silent for this long is shown as down.
    pub service_down_after: Duration,
    /// How many hosts there are from the first moment on: `compute-001` and so on.
    pub hosts: usize,
    /// What each of them has.
    pub shape: HostShape,
    /// How many instances run on them, evenly: `vm-00001` and so on, in the project `demo`.
    pub instances: usize,
    /// How many host aggregates the hosts are spread over: `rack-01` and so on.
    pub aggregates: usize,
    /// How many server groups of the policy anti-affinity there are, each of two instances on different hosts.
    pub server_groups: usize,
    /// What the ids are made of; the same seed, the same ids.
    pub seed: u64,
    /// Stops it when cancelled.
    pub stop: CancellationToken,
}

impl Default for OpenStackOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            username: "admin".to_owned(),
            password: "simulated".to_owned(),
            token_lifetime: Duration::from_hours(1),
            delay: Duration::ZERO,
            delays: BTreeMap::new(),
            service_down_after: Duration::from_mins(1),
            hosts: 0,
            shape: HostShape::default(),
            instances: 0,
            aggregates: 0,
            server_groups: 0,
            seed: 1,
            stop: CancellationToken::new(),
        }
    }
}
