//! Sends requests: with a token of the right project, to the service's URL, as often as is right.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use assay_domain::Secret;
use assay_domain::cloud::{CloudError, CloudResult};
use assay_keystone::{Catalog, Session, token_header};
use parking_lot::Mutex;
use reqwest::header::HeaderName;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::answer::{Answer, cut_off, lost, pause};
use crate::api::{Api, Microversion};
use crate::call::Call;
use crate::config::OpenStackConfig;

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const VERSION: HeaderName = HeaderName::from_static("openstack-api-version");
/// The path of the document of a service's version: a trailing slash, an empty last segment.
const VERSION_DOCUMENT: &str = "";
/// How many projects Assay is logged in to at a time, beside its own.
const MOST_PROJECTS: usize = 64;

/// The way to the services.
pub(crate) struct Transport {
    config: OpenStackConfig,
    home: Arc<Session>,
    /// By project id.
    elsewhere: Mutex<HashMap<String, Arc<Session>>>,
    /// The least and the largest microversion of Nova, once it has said them.
    nova: OnceCell<(Microversion, Microversion)>,
}

impl Transport {
    pub(crate) fn new(config: OpenStackConfig) -> Result<Self, assay_keystone::Error> {
        let home = Session::new(config.keystone.clone(), true)?;
        Ok(Self {
            config,
            home: Arc::new(home),
            elsewhere: Mutex::default(),
            nova: OnceCell::new(),
        })
    }

    /// Asks and reads the answer; what is busy or away is asked again for as long as patience lasts.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: &Call<'_>) -> CloudResult<T> {
        self.check_version(call).await?;
        self.repeat(call).await
    }

    async fn repeat<T: DeserializeOwned>(&self, call: &Call<'_>) -> CloudResult<T> {
        let give_up = Instant::now() + self.config.patience;
        let mut attempt = 0;
        loop {
            let error = match self.once(call).await {
                Ok(answer) => return answer.json(call.api.name()),
                Err(error) => error,
            };
            match pause(&error, attempt) {
                Some(pause) if Instant::now() + pause < give_up => {
                    tracing::debug!(%error, "the cloud is asked again");
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
                _ => return Err(error),
            }
        }
    }

    /// Sends a command, once, and gives what it was accepted with.
    pub(crate) async fn tell(&self, call: &Call<'_>) -> CloudResult<Answer> {
        self.check_version(call).await?;
        let told = self.once(call).await;
        if let Err(error) = &told {
            tracing::warn!(service = call.api.name(), method = %call.method, about = call.about.1, %error, "the cloud did not accept a command");
        }
        told
    }

    /// Sends what its service is sure to refuse, without a token, and gives the answer as it is.
    pub(crate) async fn ask_for_refusal(&self, call: &Call<'_>) -> CloudResult<Answer> {
        let grant = self.home.grant(None).await.map_err(of_identity)?;
        self.exchange(call, None, &grant.catalog).await
    }

    /// Whether Nova speaks this minor microversion.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(crate) async fn nova_speaks(&self, minor: u16) -> CloudResult<bool> {
        let (_, largest) = self.nova_range().await?;
        Ok(Api::Compute.version(minor) <= largest)
    }

    /// Asks Nova nothing in a microversion that it does not speak.
    async fn check_version(&self, call: &Call<'_>) -> CloudResult<()> {
        if let (Api::Compute, Some(version)) = (call.api, call.version) {
            let (least, largest) = self.nova_range().await?;
            if !(least..=largest).contains(&version) {
                return Err(CloudError::Unsupported(format!(
                    "its compute API speaks {least} to {largest}, this needs {version}"
                )));
            }
        }
        Ok(())
    }

    async fn once(&self, call: &Call<'_>) -> CloudResult<Answer> {
        let begun = Instant::now();
        let answered = self.with_token(call).await;
        let end = match &answered {
            Ok(_) => "ok",
            Err(error) if error.is_passing() => "away",
            Err(_) => "refused",
        };
        let service = call.api.name();
        metrics::counter!("assay_cloud_requests_total", "service" => service, "end" => end)
            .increment(1);
        metrics::histogram!("assay_cloud_request_seconds", "service" => service)
            .record(begun.elapsed());
        answered
    }

    /// Sends with the token that there is, and once more with another one when it is refused: what
    /// was refused so has not been done.
    async fn with_token(&self, call: &Call<'_>) -> CloudResult<Answer> {
        let session = self.session(call.project);
        let mut grant = session.grant(None).await.map_err(of_identity)?;
        let mut answer = self
            .exchange(call, Some(&grant.token), &grant.catalog)
            .await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let refused = grant.token.clone();
            grant = session.grant(Some(&refused)).await.map_err(of_identity)?;
            answer = self
                .exchange(call, Some(&grant.token), &grant.catalog)
                .await?;
        }
        answer.accepted(call)
    }

    async fn exchange(
        &self,
        call: &Call<'_>,
        token: Option<&Secret>,
        catalog: &Catalog,
    ) -> CloudResult<Answer> {
        let mut url = self.base(call.api, catalog)?;
        if call.path == [VERSION_DOCUMENT] {
            cut_to_version(&mut url);
        }
        push(&mut url, &call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self.home.http().request(call.method.clone(), url);
        if let Some(token) = token {
            let token = token_header(token).ok_or_else(|| CloudError::Malformed {
                service: "identity",
                reason: "a token that is none".to_owned(),
            })?;
            request = request.header(TOKEN, token);
        }
        if let Some(version) = call.version {
            request = request.header(VERSION, format!("{} {version}", call.api.name()));
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| lost(call, &error))?;
        let read = Answer::read(response).await;
        read.map_err(|reason| cut_off(call, reason, false))
    }

    fn session(&self, project: Option<&str>) -> Arc<Session> {
        let Some(project) = project else {
            return Arc::clone(&self.home);
        };
        let mut elsewhere = self.elsewhere.lock();
        if elsewhere.len() >= MOST_PROJECTS && !elsewhere.contains_key(project) {
            elsewhere.clear();
        }
        let session = elsewhere
            .entry(project.to_owned())
            .or_insert_with(|| Arc::new(self.home.in_project(project)));
        Arc::clone(session)
    }

    /// The URL that a service's resources are below.
    fn base(&self, api: Api, catalog: &Catalog) -> CloudResult<Url> {
        let interface = self.config.interface.as_str();
        let region = self.config.region.as_deref();
        let found = catalog
            .endpoint(api.kinds(), interface, region)
            .ok_or_else(|| {
                let region = region.map_or_else(String::new, |name| format!(" of region {name}"));
                CloudError::Unsupported(format!(
                    "its catalog has no {interface} URL{region} of a {} service",
                    api.name()
                ))
            })?;
        let bad = |reason: String| CloudError::Malformed {
            service: "identity",
            reason: format!("the URL of the {} service: {reason}", api.name()),
        };
        let mut url = Url::parse(found).map_err(|error| bad(error.to_string()))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(bad("neither http nor https".to_owned()));
        }
        // Some catalogs name the service without its version.
        if let Some(version) = api.version_segment()
            && !segments(&url).any(|segment| is_version(&segment))
        {
            push(&mut url, &[version]);
        }
        Ok(url)
    }

    async fn nova_range(&self) -> CloudResult<(Microversion, Microversion)> {
        let asked = self.nova.get_or_try_init(|| self.ask_nova_range()).await?;
        Ok(*asked)
    }

    async fn ask_nova_range(&self) -> CloudResult<(Microversion, Microversion)> {
        /// The document of one version of the API.
        #[derive(Deserialize)]
        struct Document {
            version: BTreeMap<String, Value>,
        }
        let call = Call::get(Api::Compute, &[VERSION_DOCUMENT]).about("API", "compute");
        let document: Document = self.repeat(&call).await?;
        let told = |key: &str| {
            let text = document.version.get(key).and_then(Value::as_str);
            Microversion::parse(text.unwrap_or_default())
        };
        told("min_version")
            .zip(told("version"))
            .ok_or_else(|| CloudError::Unsupported("its compute API has no microversions".into()))
    }
}

fn of_identity(error: assay_keystone::Error) -> CloudError {
    use assay_keystone::Error;
    const SERVICE: &str = "identity";
    let reason = error.to_string();
    match error {
        Error::Unreachable(_) => CloudError::Unreachable {
            service: SERVICE,
            reason,
        },
        Error::Busy(_) => CloudError::Unavailable {
            service: SERVICE,
            retry_after: 1,
        },
        Error::ServiceUserRefused { .. } | Error::NotAllowed(_) => CloudError::Unauthorized(reason),
        Error::Config(_) | Error::Odd(_) => CloudError::Malformed {
            service: SERVICE,
            reason,
        },
    }
}

fn segments(url: &Url) -> impl Iterator<Item = String> {
    let path = url.path_segments().into_iter().flatten();
    path.map(str::to_owned)
}

/// Whether a segment is a version, as `v2.1`.
fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
}

/// Leaves out what follows the version: catalogs may have the project's id there.
fn cut_to_version(url: &mut Url) {
    let all = segments(url).collect::<Vec<_>>();
    let kept = all.iter().position(|segment| is_version(segment));
    let surplus = kept.map_or(0, |kept| all.len() - kept - 1);
    if let Ok(mut path) = url.path_segments_mut() {
        for _ in 0..surplus {
            path.pop();
        }
    }
}

/// Adds segments to a path, each escaped.
fn push(url: &mut Url, more: &[&str]) {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_escaped_and_versions_are_seen() {
        let mut url = Url::parse("http://cloud/compute/v2.1/").unwrap();
        assert!(segments(&url).any(|segment| is_version(&segment)));
        push(&mut url, &["servers", "a/../b?c"]);
        assert_eq!(
            url.as_str(),
            "http://cloud/compute/v2.1/servers/a%2F..%2Fb%3Fc"
        );
        let mut url = Url::parse("http://cloud/v2.1/0a1b/").unwrap();
        cut_to_version(&mut url);
        push(&mut url, &[VERSION_DOCUMENT]);
        assert_eq!(url.as_str(), "http://cloud/v2.1/");
        let mut url = Url::parse("http://cloud/volume").unwrap();
        assert!(!segments(&url).any(|segment| is_version(&segment)));
        push(&mut url, &[""]);
        assert_eq!(url.as_str(), "http://cloud/volume/");
    }
}
