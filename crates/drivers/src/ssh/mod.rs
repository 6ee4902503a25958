//! The driver of devices that switch power by commands over SSH (RFC 4251 to 4254).
//!
//! # Settings of a power control
//! | key | value |
//! |---|---|
//! | `commands` | an object of command lines: `on`, `off`, `status`, `reset`, `shutdown`, `boot_network`, `boot_default`, `identify_on`, `identify_off`; what has no command is not supported. `boot_network` is for the next boot only; it needs `boot_default`, which takes it back, and `identify_on` needs `identify_off` |
//! | `state` | how `status` is read: `{"on": pattern, "off": pattern}`, regular expressions over what it prints, or `{"on": code, "off": code}`, its exit codes from 0 to 255; the words "on" and "off" in any case when absent |
//! | `host_key` | which device is believed: `{"known": "ssh-ed25519 AAAA…"}`, `{"fingerprint": "SHA256:…"}` or `"trust_on_first_use"` |
//! | `command_timeout` | how long one command may take, 1 to 120 seconds; the time limit of requests when absent |
//!
//! A command line is run by the login's shell on the device, as it stands. `{output}` in it becomes the
//! assignment's output, which is refused unless it is made of letters, digits, `.`, `_` and `-` and
//! begins with a letter or digit. Nothing else is put into a command. Longer things belong into a script
//! on the device.
//!
//! With a fingerprint the device shows whichever of its keys is its first choice among Ed25519, ECDSA
//! and RSA, so the fingerprint has to be that one's; with a known key it is asked for one of that kind.
//!
//! # Credentials
//! The private key if there is one, else the password. The password opens an encrypted private key; it
//! is also sent when the device asks for one after the key. Keyboard-interactive login is not supported.
//!
//! # Files
//! `login` opens connections, `host` is a shell on a node's own operating system, `client` hears the device's side of them, `trust` knows host keys, `exec`
//! runs commands, `commands` makes command lines, `reading` reads the state, `machine` is the
//! capabilities.

mod client;
mod commands;
mod exec;
mod fault;
mod host;
mod login;
mod machine;
mod reading;
mod settings;
mod trust;

use std::sync::Arc;

use std::time::Duration;

use assay_domain::gate::Pace;
use assay_domain::{Driver, DriverError, HostKeys, Session, Target};
use async_trait::async_trait;
use serde_json::{Map, Value};

pub use host::{HostLogin, SshHost, public_key_of};
pub use settings::validate_settings;
pub use trust::MemoryHostKeys;

use machine::Machine;

/// The driver of the protocol `ssh`.
#[derive(Default)]
pub struct SshDriver {
    host_keys: Option<Arc<dyn HostKeys>>,
}

impl SshDriver {
    /// A driver that remembers no host key: a power control with `trust_on_first_use` is refused as not
    /// supported, rather than believed anew each time.
    pub fn new() -> Self {
        Self::default()
    }

    /// A driver that remembers the first host keys where the others look for them.
    pub fn remembering(host_keys: Arc<dyn HostKeys>) -> Self {
        Self {
            host_keys: Some(host_keys),
        }
    }
}

#[async_trait]
impl Driver for SshDriver {
    fn protocol(&self) -> &'static str {
        "ssh"
    }

    /// Each operation is a login, which servers limit by themselves.
    fn pace(&self) -> Pace {
        Pace::every(Duration::from_millis(500))
    }

    fn check_settings(&self, _: &str, settings: &Map<String, Value>) -> Result<(), String> {
        validate_settings(settings)
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, DriverError> {
        let host_keys = self.host_keys.clone();
        Ok(Box::new(Machine::open(host_keys, target).await?))
    }
}
