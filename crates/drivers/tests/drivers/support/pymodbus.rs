//! pymodbus' Modbus/TCP server with 16 coils, which Assay did not write, and its client as a second
//! opinion on what the coils are.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use assay_domain::Target;
use tempfile::TempDir;

use super::process::Process;
use super::{pytools, target};

/// A running server; dropping it ends it.
pub(crate) struct Pymodbus {
    process: Process,
    address: SocketAddr,
    _folder: TempDir,
}

impl Pymodbus {
    /// Starts a server, all of whose coils are off.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("server.py");
        fs::write(&script, include_str!("pymodbus_server.py")).unwrap();
        let log = folder.path().join("log");
        let mut process = Process::start(&python(), &[script], log);
        let port = process.wait(|log| {
            let line = log
                .lines()
                .find_map(|line| line.strip_prefix("listening "))?;
            line.parse().ok()
        });
        Self {
            process,
            address: ([127, 0, 0, 1], port.unwrap()).into(),
            _folder: folder,
        }
    }

    /// The target of one output.
    pub(crate) fn target(&self, output: &str) -> Target {
        let mut target = target(self.address);
        target.control_type = "ET7067".into();
        target.output = output.into();
        target.settings.insert("reset_pause".into(), 0.3.into());
        target
    }

    /// How many requests of a function it has got.
    pub(crate) fn requests(&self, function: u8) -> usize {
        self.process.lines_with(&format!("asked {function} "))
    }

    /// How many connections were made, and how many of them have ended.
    pub(crate) fn connections(&self) -> (usize, usize) {
        let process = &self.process;
        (process.lines_with("opened"), process.lines_with("closed"))
    }

    /// The coils that are on, by address, as pymodbus' own client reads them.
    pub(crate) fn coils_on(&self) -> Vec<usize> {
        let script = "import sys; from pymodbus.client import ModbusTcpClient as C; \
                      c = C('127.0.0.1', port=int(sys.argv[1])); c.connect(); \
                      print(*[i for i, b in enumerate(c.read_coils(0, count=16, device_id=1).bits) if b])";
        let output = Command::new(python())
            .args(["-c", script, &self.address.port().to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect()
    }
}

/// The interpreter that has pymodbus.
fn python() -> PathBuf {
    pytools::tool("pymodbus.simulator", "pymodbus==3.16.1");
    pytools::tool("python", "pymodbus==3.16.1")
}
