//! Runs clients and emulators that others wrote.

use std::process::{Command, Output};

use serde_json::Value;

use crate::client::Client;
use crate::folder;

/// The unmodified OpenStack command line client against one server.
pub struct OpenStack {
    arguments: Vec<String>,
}

impl OpenStack {
    /// A client for the server and token of `client`.
    pub fn new(client: &Client) -> Self {
        let mut arguments = vec!["--os-endpoint".to_owned(), client.base().to_owned()];
        match client.token() {
            Some(token) => {
                arguments
                    .extend(["--os-auth-type", "admin_token", "--os-token"].map(str::to_owned));
                arguments.push(token.to_owned());
            }
            None => arguments.extend(["--os-auth-type", "none"].map(str::to_owned)),
        }
        Self { arguments }
    }

    /// Runs `openstack baremetal introspection ARGUMENTS`.
    pub fn introspection(&self, arguments: &[&str]) -> Output {
        Command::new(folder::python_tool("openstack"))
            .args(&self.arguments)
            .args(["baremetal", "introspection"])
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap()
    }

    /// As [`Self::introspection`]; panics unless it ends well; gives its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.introspection(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            complaint(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// As [`Self::ok`] with `-f json`; gives what was printed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["-f", "json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// As [`Self::introspection`]; panics unless it fails; gives its complaint.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.introspection(arguments);
        assert!(!output.status.success(), "{arguments:?} was not refused");
        complaint(&output)
    }
}

fn complaint(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    )
}
