//! pymodbus' Modbus/TCP server with 16 coils, as a relay board that Assay did not write.

use std::process::{Child, Command};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

use crate::folder;
use crate::listening;

const SCRIPT: &str = "crates/drivers/tests/drivers/support/pymodbus_server.py";
const LIMIT: Duration = Duration::from_mins(1);
/// Prints the addresses of the coils that are on.
const COILS: &str = "import sys; from pymodbus.client import ModbusTcpClient as C; \
    c = C('127.0.0.1', port=int(sys.argv[1])); c.connect(); \
    print(*[i for i, b in enumerate(c.read_coils(0, count=16, device_id=1).bits) if b])";

/// A running board, all of whose coils were off; dropping it ends it.
pub struct Board {
    child: Child,
    port: u16,
    // Its standard output must have a reader.
    _lines: mpsc::Receiver<String>,
    _folder: TempDir,
}

impl Board {
    /// Starts it on a free port of the loopback address.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(folder::python_tool("python"));
        command.arg(folder::root().join(SCRIPT));
        let (child, lines) = listening::spawn(&mut command, &folder.path().join("log"));
        let port = loop {
            let line = lines.recv_timeout(LIMIT).expect("the board listens");
            if let Some(port) = line.strip_prefix("listening ") {
                break port.trim().parse().unwrap();
            }
        };
        Self {
            child,
            port,
            _lines: lines,
            _folder: folder,
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The coils that are on, by address from 0, as pymodbus' own client reads them.
    pub fn coils_on(&self) -> Vec<u16> {
        let output = Command::new(folder::python_tool("python"))
            .args(["-c", COILS, &self.port.to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let coils = text.split_whitespace();
        coils.map(|coil| coil.parse().unwrap()).collect()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
