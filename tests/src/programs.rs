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

    /// A client that logs in with a password at the identity API of `auth_url` and finds everything
    /// else in the catalog that it gets there. `scope` are the arguments for a scope, if any.
    pub fn with_password(auth_url: &str, user: &str, password: &str, scope: &[&str]) -> Self {
        let login = [
            "--os-auth-type",
            "password",
            "--os-auth-url",
            auth_url,
            "--os-username",
            user,
            "--os-password",
            password,
            "--os-user-domain-id",
            "default",
        ];
        Self::with_arguments(&[&login, scope].concat())
    }

    /// A client that is told by these arguments where and how to log in.
    pub fn with_arguments(arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    /// Runs `openstack WORDS`.
    pub fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(folder::python_tool("openstack"));
        // Settings of the person who runs the tests must not reach the client.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OS_") {
                command.env_remove(name);
            }
        }
        command
            .args(&self.arguments)
            .args(words)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap()
    }

    /// As [`Self::run`] with `-f json`; panics unless it ends well; gives what was printed.
    pub fn tell(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["-f", "json"]].concat());
        assert!(output.status.success(), "{words:?}: {}", complaint(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// As [`Self::run`]; panics unless it fails; gives its complaint.
    pub fn deny(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(!output.status.success(), "{words:?} was not refused");
        complaint(&output)
    }

    /// Runs `openstack baremetal introspection ARGUMENTS`.
    pub fn introspection(&self, arguments: &[&str]) -> Output {
        self.run(&[&["baremetal", "introspection"], arguments].concat())
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
