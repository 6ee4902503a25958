//! One request to a service, before it is sent.

use reqwest::Method;
use serde_json::Value;

use crate::api::{Api, Microversion};

/// One request to a service.
pub(crate) struct Call<'a> {
    pub(crate) api: Api,
    pub(crate) method: Method,
    /// Segments below the service's version; each may hold anything.
    pub(crate) path: Vec<&'a str>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// The microversion that is asked for; none for the service's least.
    pub(crate) version: Option<Microversion>,
    /// The id of the project that it is done in; none for Assay's own.
    pub(crate) project: Option<&'a str>,
    /// The kind and name of what the path names, for an error that says it is missing.
    pub(crate) about: (&'static str, &'a str),
}

impl<'a> Call<'a> {
    /// A question.
    pub(crate) fn get(api: Api, path: &[&'a str]) -> Self {
        Self::new(api, Method::GET, path)
    }

    /// A command with a body.
    pub(crate) fn send(api: Api, method: Method, path: &[&'a str], body: Value) -> Self {
        let mut call = Self::new(api, method, path);
        call.body = Some(body);
        call
    }

    /// The command to delete something.
    pub(crate) fn delete(api: Api, path: &[&'a str]) -> Self {
        Self::new(api, Method::DELETE, path)
    }

    fn new(api: Api, method: Method, path: &[&'a str]) -> Self {
        Self {
            api,
            method,
            path: path.to_vec(),
            query: Vec::new(),
            body: None,
            version: None,
            project: None,
            about: ("Resource", path.last().copied().unwrap_or("/")),
        }
    }

    /// Asks for this minor microversion.
    pub(crate) fn version(mut self, minor: u16) -> Self {
        self.version = Some(self.api.version(minor));
        self
    }

    /// Adds a parameter.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Names what the path is about.
    pub(crate) fn about(mut self, what: &'static str, key: &'a str) -> Self {
        self.about = (what, key);
        self
    }

    /// Has it done in another project.
    pub(crate) fn in_project(mut self, project: &'a str) -> Self {
        self.project = Some(project);
        self
    }

    /// Whether it changes nothing, so that it may be repeated.
    pub(crate) fn is_question(&self) -> bool {
        self.method == Method::GET
    }
}
