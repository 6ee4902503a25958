//! A fleet of simulated BMCs in a process of its own: `assay simulate`.

use std::ffi::OsString;
use std::time::Duration;

use assay_domain::{Secret, Target};
use assay_drivers::trust_from_settings;
use serde::Deserialize;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::program::{Launch, Program};

/// How long a line of the list may take.
const LIMIT: Duration = Duration::from_secs(60);

/// One BMC as the list has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Listed {
    /// Its machine's name.
    pub name: String,
    /// The `protocol_type` of its power controls.
    pub protocol: String,
    /// The `control_type` of its power controls.
    pub control_type: String,
    /// Its address.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// The account's name.
    pub login: String,
    /// The account's password.
    pub password: String,
    /// The settings of a power control.
    pub settings: Map<String, Value>,
    /// Scheme, address and port.
    pub url: String,
    /// The MAC that its machine boots from.
    pub mac: String,
    /// The fault's name.
    pub fault: Option<String>,
}

impl Listed {
    /// The target of a power control of this number.
    pub fn target(&self, power_control_id: i64, request_timeout: Duration) -> Target {
        Target {
            power_control_id,
            control_type: self.control_type.clone(),
            host: self.address.clone(),
            port: self.port,
            login: Some(self.login.clone()),
            password: Some(Secret::new(self.password.clone())),
            ssh_key: None,
            trust: trust_from_settings(&self.settings).unwrap(),
            output: String::new(),
            settings: self.settings.clone(),
            request_timeout,
        }
    }
}

/// A running fleet. Dropping it ends it.
pub struct Simulated {
    /// The BMCs in the order of the list.
    pub bmcs: Vec<Listed>,
    /// Where the cloud's Keystone is, when there is a cloud.
    pub auth_url: Option<String>,
    program: Program,
    _folder: TempDir,
}

impl Simulated {
    /// Starts so many of each protocol, at these addresses, with further arguments.
    pub fn start(first: &str, counts: &[(&str, usize)], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut words = vec!["simulate".to_owned(), "--first-address".to_owned()];
        words.push(first.to_owned());
        for (option, count) in counts {
            words.extend([(*option).to_owned(), count.to_string()]);
        }
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        let mut program = Program::new(Launch {
            program: "assay",
            arguments: words.into_iter().map(OsString::from).collect(),
            environment: Vec::new(),
            log: folder.path().join("log"),
            place: None,
        });
        let lines = program.spawn();
        let wanted: usize = counts.iter().map(|(_, count)| count).sum();
        let line = || -> Value {
            let line = lines.recv_timeout(LIMIT);
            let line = line.unwrap_or_else(|error| panic!("{error}: {}", program.log_tail(20)));
            serde_json::from_str(&line).unwrap()
        };
        let bmc = |_| serde_json::from_value(line()).unwrap();
        let bmcs = (0..wanted).map(bmc).collect();
        let has_cloud = arguments.contains(&"--openstack");
        let auth_url = has_cloud.then(|| line()["auth_url"].as_str().unwrap().to_owned());
        Self {
            bmcs,
            auth_url,
            program,
            _folder: folder,
        }
    }

    /// The BMCs of a protocol.
    pub fn of<'a>(&'a self, protocol: &'a str) -> impl Iterator<Item = &'a Listed> {
        self.bmcs.iter().filter(move |bmc| bmc.protocol == protocol)
    }

    /// Its process.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }
}

/// An address for this process's fleets, so that tests and runs beside each other have their own: the
/// last byte is the caller's.
pub fn own_address(last: u8) -> String {
    let pid = std::process::id();
    format!("127.{}.{}.{last}", 64 + (pid >> 8) % 64, pid & 0xff)
}
