//! Talking to the server: phases by best effort, the report until it is accepted.

use std::time::Duration;

use ureq::http::{HeaderMap, Response, Uri};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, TcpConnector};
use ureq::{Agent, Body};

use crate::Error;
use crate::backoff::Backoff;
use crate::log::Log;
use crate::settings::Settings;
use crate::tls::{self, TlsConnector};

const ANNOUNCE_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POST_TIMEOUT: Duration = Duration::from_mins(2);
/// The longest that a server may ask us to wait (`Retry-After`).
const LONGEST_WISH: Duration = Duration::from_mins(1);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const MOST_WAIT: Duration = Duration::from_secs(30);

/// The server as the kernel line names it.
pub struct Server {
    agent: Agent,
    callback: String,
    phases: Option<String>,
    attempts: u32,
    log: Log,
}

impl Server {
    /// Checks the URLs and what they need to be trusted.
    pub fn new(settings: &Settings, log: &Log) -> Result<Self, Error> {
        let callback = settings.callback_url.clone().ok_or_else(|| {
            Error::KernelLine("ipa-inspection-callback-url is missing".to_owned())
        })?;
        let tls = tls::client_config(settings.ca.as_deref(), settings.insecure)?;
        for url in [Some(&callback), settings.phase_url.as_ref()]
            .into_iter()
            .flatten()
        {
            check(url, tls.is_some())?;
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(POST_TIMEOUT))
            .user_agent(concat!("assay-agent/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector = ().chain(TcpConnector::default()).chain(TlsConnector::new(tls));
        Ok(Self {
            agent: Agent::with_parts(config, connector, DefaultResolver::default()),
            callback,
            phases: settings.phase_url.clone(),
            attempts: settings.post_attempts,
            log: log.clone(),
        })
    }

    /// Tells the server that a phase has begun. Failure is only logged.
    pub fn announce(&self, phase: &str) {
        let Some(phases) = &self.phases else {
            return;
        };
        let request = self.agent.post(format!("{phases}/{phase}"));
        let request = request
            .config()
            .timeout_global(Some(ANNOUNCE_TIMEOUT))
            .build();
        match request.send_empty() {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => self
                .log
                .note(format!("phase {phase}: HTTP {}", answer.status().as_u16())),
            Err(error) => self.log.note(format!("phase {phase}: {error}")),
        }
    }

    /// Delivers the report. Tries again after failures of the network and of
    /// the server, until the limit of attempts; a refusal is final.
    pub fn deliver(&self, report: &[u8]) -> Result<(), Error> {
        let mut backoff = Backoff::new(FIRST_WAIT, MOST_WAIT);
        let mut last = String::new();
        for attempt in 1..=self.attempts {
            let wish = match self.post(report)? {
                Outcome::Accepted => return Ok(()),
                Outcome::TryAgain { reason, after } => {
                    self.log
                        .note(format!("callback: attempt {attempt}: {reason}"));
                    last = reason;
                    after
                }
            };
            if attempt < self.attempts {
                std::thread::sleep(backoff.wait().max(wish.unwrap_or_default()));
            }
        }
        Err(Error::Undelivered {
            attempts: self.attempts,
            last: self.log.clean(&last),
        })
    }

    fn post(&self, report: &[u8]) -> Result<Outcome, Error> {
        let request = self.agent.post(&self.callback);
        match request.content_type("application/json").send(report) {
            Ok(answer) => judge(answer),
            Err(error) => Ok(Outcome::TryAgain {
                reason: error.to_string(),
                after: None,
            }),
        }
    }
}

enum Outcome {
    Accepted,
    TryAgain {
        reason: String,
        after: Option<Duration>,
    },
}

/// 408, 425 and 429 ask for another attempt; other 4xx will not change.
fn judge(mut answer: Response<Body>) -> Result<Outcome, Error> {
    let status = answer.status().as_u16();
    match status {
        200..=299 => Ok(Outcome::Accepted),
        400..=499 if !matches!(status, 408 | 425 | 429) => Err(Error::Refused {
            status,
            message: beginning(&mut answer),
        }),
        _ => Ok(Outcome::TryAgain {
            reason: format!("HTTP {status}"),
            after: retry_after(answer.headers()),
        }),
    }
}

fn beginning(answer: &mut Response<Body>) -> String {
    let text = answer.body_mut().with_config().limit(4096).read_to_string();
    text.unwrap_or_default().chars().take(200).collect()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get("retry-after")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WISH))
}

fn check(url: &str, has_trust: bool) -> Result<(), Error> {
    let wrong = |reason: &str| {
        Err(Error::KernelLine(format!(
            "callback or phase URL: {reason}"
        )))
    };
    let Ok(uri) = url.parse::<Uri>() else {
        return wrong("is not a URL");
    };
    match (uri.scheme_str(), uri.host()) {
        (_, None) => wrong("names no host"),
        (Some("http"), _) => Ok(()),
        (Some("https"), _) if has_trust => Ok(()),
        (Some("https"), _) => Err(Error::Tls(
            "https needs the CA's certificate in assay.ca, or assay.insecure=1".to_owned(),
        )),
        _ => wrong("is neither http nor https"),
    }
}
