//! IPMI commands to the machine's own BMC, through the kernel's driver.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Error;
use crate::sys;

/// Longest wait for one answer; a KCS interface needs milliseconds, a busy
/// BMC seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open IPMI device.
pub(crate) struct Ipmi {
    device: File,
    next: isize,
}

impl Ipmi {
    /// Opens the first of the names that distributions use; `None` when there is none.
    pub(crate) fn open(dev: &Path) -> Option<Self> {
        ["ipmi0", "ipmi/0", "ipmidev/0"].iter().find_map(|name| {
            let device = File::options()
                .read(true)
                .write(true)
                .open(dev.join(name))
                .ok()?;
            Some(Self { device, next: 1 })
        })
    }

    /// Sends a command and waits for its answer; `Ok(None)` when the BMC does
    /// not know it or refuses it. The completion code is stripped.
    pub(crate) fn command(
        &mut self,
        net_function: u8,
        command: u8,
        data: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let id = self.next;
        self.next += 1;
        sys::ipmi_send(&self.device, id, net_function, command, data)
            .map_err(Error::io("sending to the BMC"))?;
        let answer = self.answer(id)?;
        Ok(match answer.split_first() {
            Some((0, rest)) => Some(rest.to_vec()),
            _ => None,
        })
    }

    fn answer(&self, id: isize) -> Result<Vec<u8>, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).unwrap_or_default();
            let mut ready = [PollFd::new(&self.device, PollFlags::IN)];
            let count = poll(&mut ready, Some(&timeout)).map_err(Error::io("polling the BMC"))?;
            if count == 0 {
                return Err(Error::Malformed("the BMC did not answer".to_owned()));
            }
            let mut data = [0u8; 272];
            let (found, length) = sys::ipmi_receive(&self.device, &mut data)
                .map_err(Error::io("receiving from the BMC"))?;
            // A late answer to an earlier command is of no use any more.
            if found == id {
                return Ok(data[..length.min(data.len())].to_vec());
            }
        }
    }
}
