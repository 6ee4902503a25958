//! A real virtual machine under software emulation.
//!
//! Never KVM: emulation runs everywhere, nested virtualisation does not. The firmware, the network boot program, the
//! kernel and the agent inside are the real ones; DHCP and the way to the host are QEMU's user network, in which the
//! host's loopback address is 10.0.2.2, or a network of the host with a DHCP server of its own.

mod arguments;
mod files;
mod host;
mod monitor;

pub use host::{qemu_available, uefi_available};

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::Error;
use crate::child::Child;
use crate::console::Console;
use crate::hardware::{BootPlan, Firmware, SimMachine};
use crate::machine::{Machine, Power};
use files::Files;

/// The address of this host's loopback interface as a guest sees it.
pub const HOST_IN_GUEST: &str = "10.0.2.2";

/// What a virtual machine's network cards are plugged into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// A network of QEMU's own for each card.
    User {
        /// What the DHCP server of the first one names as the boot file.
        boot_url: String,
    },
    /// TAP devices of the host, which exist, are up, and may be used by this process: the first card has the first
    /// one, and so on. Further cards have a network of QEMU's own without a boot file.
    Taps(Vec<String>),
}

/// A virtual machine. Its disks and UEFI variables live in a temporary folder until it is dropped, and it dies with
/// the process that made it.
#[derive(Debug)]
pub struct QemuMachine {
    hardware: SimMachine,
    network: Network,
    files: Files,
    console: Arc<Console>,
    /// Held while the machine is switched, so that one switch ends before the next begins.
    switch: tokio::sync::Mutex<()>,
    child: Mutex<Option<Arc<Child>>>,
}

impl QemuMachine {
    /// Builds the machine, switched off, with empty disks.
    ///
    /// `boot_url` is what its DHCP server names as the boot file; the host's `127.0.0.1` and `localhost` are
    /// rewritten to the address at which the guest reaches them.
    pub fn new(hardware: SimMachine, boot_url: &str) -> Result<Self, Error> {
        let boot_url = guest_url(boot_url);
        Self::on_network(hardware, Network::User { boot_url })
    }

    /// Builds the machine on a network, switched off, with empty disks.
    pub fn on_network(hardware: SimMachine, network: Network) -> Result<Self, Error> {
        qemu_available()?;
        if hardware.firmware == Firmware::Uefi {
            uefi_available()?;
        }
        hardware.check()?;
        let files = Files::create(&hardware)?;
        Ok(Self {
            hardware,
            network,
            files,
            console: Arc::default(),
            switch: tokio::sync::Mutex::new(()),
            child: Mutex::new(None),
        })
    }

    /// The process number of the running virtual machine, for tests that end it from outside.
    pub fn pid(&self) -> Option<u32> {
        self.child
            .lock()
            .as_ref()
            .filter(|child| child.status().is_none())
            .map(|child| child.pid())
    }
}

/// Rewrites an address on this host's loopback interface to how a guest reaches it.
pub fn guest_url(url: &str) -> String {
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .find_map(|host| {
            let (scheme, rest) = url.split_once("://")?;
            let rest = rest
                .strip_prefix(host)
                .filter(|rest| rest.is_empty() || rest.starts_with([':', '/']))?;
            Some(format!("{scheme}://{HOST_IN_GUEST}{rest}"))
        })
        .unwrap_or_else(|| url.to_owned())
}

#[async_trait]
impl Machine for QemuMachine {
    fn hardware(&self) -> &SimMachine {
        &self.hardware
    }

    fn power(&self) -> Power {
        if self.pid().is_some() {
            Power::On
        } else {
            Power::Off
        }
    }

    async fn power_on(&self, plan: BootPlan) -> Result<(), Error> {
        let _turn = self.switch.lock().await;
        if self.power() == Power::On {
            return Ok(());
        }
        if plan.firmware == Firmware::Uefi {
            self.files.prepare_uefi()?;
        }
        let arguments = arguments::arguments(&self.hardware, plan, &self.files, &self.network);
        let console = Arc::clone(&self.console);
        console.start();
        let child = Child::spawn(host::EMULATOR.into(), arguments, move |bytes| {
            console.print(bytes);
        })
        .await
        .map_err(Error::host(host::EMULATOR))?;
        *self.child.lock() = Some(Arc::new(child));
        Ok(())
    }

    async fn power_off(&self) -> Result<(), Error> {
        let _turn = self.switch.lock().await;
        let child = self.child.lock().take();
        if let Some(child) = child {
            child.kill();
            child.wait().await;
        }
        Ok(())
    }

    async fn press_power_button(&self) -> Result<(), Error> {
        monitor::command(&self.files.monitor(), "system_powerdown").await
    }

    async fn interrupt(&self) -> Result<(), Error> {
        monitor::command(&self.files.monitor(), "inject-nmi").await
    }

    fn console(&self) -> Arc<Console> {
        Arc::clone(&self.console)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_rewritten_and_nothing_else() {
        assert_eq!(guest_url("http://127.0.0.1:80/a"), "http://10.0.2.2:80/a");
        assert_eq!(guest_url("https://localhost/a"), "https://10.0.2.2/a");
        assert_eq!(
            guest_url("http://localhost.example/"),
            "http://localhost.example/"
        );
        assert_eq!(
            guest_url("http://192.0.2.1:80/127.0.0.1"),
            "http://192.0.2.1:80/127.0.0.1"
        );
    }
}
