//! The URL under which the caller, or a booting machine, reaches this server.

use std::net::SocketAddr;

use assay_app::App;
use rocket::Request;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};

/// The base of all links, without a slash at its end.
///
/// It is the configured public URL, else the scheme of the listener with the request's Host header
/// (which Rocket has parsed as `host[:port]`, so that nothing else can slip into a script).
pub(crate) struct Base(pub(crate) String);

impl Base {
    /// A link to a path, which begins with a slash.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Base {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        Outcome::Success(Self(base(request)))
    }
}

/// The base of all links of a request; see [`Base`].
pub(crate) fn base(request: &Request<'_>) -> String {
    let public_url = request
        .rocket()
        .state::<App>()
        .and_then(|app| app.settings().public_url.as_deref());
    if let Some(url) = public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let listener = request.rocket().config();
    let scheme = if listener.tls_enabled() {
        "https"
    } else {
        "http"
    };
    match request.host().map(ToString::to_string) {
        Some(host) if is_plain(&host) => format!("{scheme}://{host}"),
        _ => {
            let address = SocketAddr::new(listener.address, listener.port);
            format!("{scheme}://{address}")
        }
    }
}

/// Whether a host is one that can stand in a script and on a kernel's line.
fn is_plain(host: &str) -> bool {
    (1..=255).contains(&host.len())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn only_hosts_that_are_safe_in_a_script_are_believed() {
        for host in ["10.0.2.2:5050", "[fd00::1]:80", "assay.example.org"] {
            assert!(is_plain(host), "{host}");
        }
        for host in ["", "a b", "a\nimgfree", "a${net0/mac}", "a|b", "user@host"] {
            assert!(!is_plain(host), "{host}");
        }
    }
}
