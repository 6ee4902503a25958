//! The name that the running system has.

use super::{Collector, Found, into_inventory};
use crate::Error;
use crate::host::Host;

pub(super) struct Hostname;

impl Collector for Hostname {
    fn name(&self) -> &'static str {
        "hostname"
    }

    fn collect(&self, _host: &Host) -> Result<Found, Error> {
        let name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        // The kernel's word for a name that nobody has set.
        let name = Some(name).filter(|name| !name.is_empty() && name != "(none)");
        Ok(into_inventory(|inventory| inventory.hostname = name))
    }
}
