//! A machine's serial console: the last bytes it printed, and what those lines say about how far it came.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

/// Bytes of output that are kept.
const KEPT: usize = 256 * 1024;
/// A longer line is cut here, so that a machine that prints no line end cannot fill the memory.
const LONGEST_LINE: usize = 4096;

/// Columns of a BIOS screen, which its serial line shows line by line.
const SCREEN_WIDTH: usize = 80;

/// Something a machine let be seen on its console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    /// The network boot program has started.
    NetworkBoot,
    /// The network boot program has loaded this address.
    Fetched(String),
    /// A kernel has started; quiet kernels do not show it.
    Kernel,
    /// The agent has entered this phase.
    Agent(String),
    /// The agent has failed, with its own words.
    AgentError(String),
    /// The kernel has panicked.
    Panic(String),
}

/// A marker and when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// What was seen.
    pub marker: Marker,
    /// Time since the machine was switched on.
    pub after: Duration,
}

/// The console of one machine. It outlives power cycles; sightings are those since the last power-on.
#[derive(Debug)]
pub struct Console {
    state: Mutex<State>,
    seen: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    kept: VecDeque<u8>,
    line: Vec<u8>,
    wrapped: String,
    sightings: Vec<Sighting>,
    since: Instant,
    copy: Option<File>,
}

impl Default for Console {
    fn default() -> Self {
        let state = State {
            kept: VecDeque::new(),
            line: Vec::new(),
            wrapped: String::new(),
            sightings: Vec::new(),
            since: Instant::now(),
            copy: None,
        };
        Self {
            state: Mutex::new(state),
            seen: watch::Sender::new(0),
        }
    }
}

impl State {
    /// The line that has ended, without control sequences. The first part of an address that a BIOS screen has
    /// wrapped is kept back until the rest has come.
    fn joined(&mut self) -> Option<String> {
        let ended = plain(&std::mem::take(&mut self.line));
        let begun = !self.wrapped.is_empty() || ended.starts_with("http");
        let is_wrapped = begun && ended.len() == SCREEN_WIDTH;
        let line = std::mem::take(&mut self.wrapped) + &ended;
        if is_wrapped {
            self.wrapped = line;
            return None;
        }
        Some(line)
    }
}

impl Console {
    /// The last output, without control sequences.
    pub fn text(&self) -> String {
        let state = self.state.lock();
        let (front, back) = state.kept.as_slices();
        plain(&[front, back].concat())
    }

    /// Writes all further output to the end of a file as well, as console servers do.
    pub fn copy_to(&self, path: &Path) -> std::io::Result<()> {
        let file = File::options().create(true).append(true).open(path)?;
        self.state.lock().copy = Some(file);
        Ok(())
    }

    /// What was seen since the machine was switched on, in order.
    pub fn sightings(&self) -> Vec<Sighting> {
        self.state.lock().sightings.clone()
    }

    /// Changes whenever something new is seen or the machine is switched on; for progress displays.
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.seen.subscribe()
    }

    /// Waits until `wanted` is seen, at most `limit`.
    pub async fn wait_for(
        &self,
        wanted: impl Fn(&Marker) -> bool,
        limit: Duration,
    ) -> Option<Sighting> {
        let mut changes = self.seen.subscribe();
        let search = async {
            loop {
                if let Some(found) = self
                    .sightings()
                    .into_iter()
                    .find(|sighting| wanted(&sighting.marker))
                {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(limit, search).await.ok().flatten()
    }

    /// Begins a new run: the clock starts at zero.
    pub(crate) fn start(&self) {
        let mut state = self.state.lock();
        state.sightings.clear();
        state.line.clear();
        state.wrapped.clear();
        state.since = Instant::now();
        drop(state);
        self.seen.send_modify(|count| *count += 1);
    }

    /// Takes a marker from a machine that has no real firmware to print it.
    pub(crate) fn mark(&self, marker: Marker) {
        let mut state = self.state.lock();
        let after = state.since.elapsed();
        state.sightings.push(Sighting { marker, after });
        drop(state);
        self.seen.send_modify(|count| *count += 1);
    }

    /// Takes what the machine printed.
    pub(crate) fn print(&self, bytes: &[u8]) {
        let mut state = self.state.lock();
        if let Some(copy) = &mut state.copy {
            // A console server that has no room left loses output, and the machine goes on.
            let _ = copy.write_all(bytes);
        }
        state.kept.extend(bytes);
        let surplus = state.kept.len().saturating_sub(KEPT);
        state.kept.drain(..surplus);
        let before = state.sightings.len();
        for &byte in bytes {
            if byte == b'\n' || state.line.len() == LONGEST_LINE {
                let line = state.joined();
                let after = state.since.elapsed();
                state.sightings.extend(
                    line.and_then(|line| recognise(&line))
                        .map(|marker| Sighting { marker, after }),
                );
            } else {
                state.line.push(byte);
            }
        }
        let new = state.sightings.len() > before;
        drop(state);
        if new {
            self.seen.send_modify(|count| *count += 1);
        }
    }
}

/// What a line of the console says, if anything.
fn recognise(line: &str) -> Option<Marker> {
    if let Some((_, phase)) = line.split_once("assay-agent: phase ") {
        return Some(Marker::Agent(phase.trim().to_owned()));
    }
    if let Some((_, text)) = line.split_once("assay-agent: error: ") {
        return Some(Marker::AgentError(text.trim().to_owned()));
    }
    if let Some((_, text)) = line.split_once("Kernel panic - ") {
        return Some(Marker::Panic(text.trim().to_owned()));
    }
    if line.starts_with("http") && line.ends_with(" ok") {
        // Between the address and the result there are dots and percentages.
        return line
            .split_once("...")
            .map(|(address, _)| Marker::Fetched(address.to_owned()));
    }
    if line.contains("Open Source Network Boot Firmware") {
        return Some(Marker::NetworkBoot);
    }
    (line.contains("Linux version ") || line.starts_with("EFI stub:")).then_some(Marker::Kernel)
}

/// Text without carriage returns and terminal control sequences (ECMA-48, section 5.4).
fn plain(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            0x1b => {
                if rest.next() == Some(b'[') {
                    // Parameters end with a byte of 0x40 to 0x7e.
                    rest.by_ref().find(|byte| (0x40..=0x7e).contains(byte));
                }
            }
            b'\r' | 0x08 | 0 => {}
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn markers(console: &Console) -> Vec<Marker> {
        console
            .sightings()
            .into_iter()
            .map(|sighting| sighting.marker)
            .collect()
    }

    #[test]
    fn a_boot_is_recognised_through_control_sequences() {
        let console = Console::default();
        console
            .print(b"\x1b[0;1miPXE 1.0.0+git\x1b[0m -- Open Source Network Boot Firmware -- \r\n");
        console.print(
            b"http://10.0.2.2:80/boot... ok\r\nhttp://10.0.2.2:80/x... Connection refused\r\n",
        );
        console.print(b"\x1bc\x1b[?7l\x1b[2Jassay-agent: pha");
        console.print(
            b"se init\r\nassay-agent: error: no network\n[    1.0] Kernel panic - not syncing: x\n",
        );
        assert_eq!(
            markers(&console),
            [
                Marker::NetworkBoot,
                Marker::Fetched("http://10.0.2.2:80/boot".to_owned()),
                Marker::Agent("init".to_owned()),
                Marker::AgentError("no network".to_owned()),
                Marker::Panic("not syncing: x".to_owned()),
            ]
        );
    }

    #[test]
    fn an_address_longer_than_the_screen_is_put_together() {
        let address = format!("http://10.0.2.2:80/{}/initramfs", "n".repeat(150));
        let shown = format!("{address}... 45%\x08\x08\x08 ok");
        let console = Console::default();
        for part in shown.as_bytes().chunks(SCREEN_WIDTH) {
            console.print(part);
            console.print(b"\r\n");
        }
        assert_eq!(markers(&console), [Marker::Fetched(address)]);
    }

    #[test]
    fn only_the_last_output_is_kept_and_a_start_forgets_sightings() {
        let console = Console::default();
        for _ in 0..10_000 {
            console.print(&[b'x'; 64]);
        }
        console.print(b"\nassay-agent: phase done\n");
        assert_eq!(console.text().len(), KEPT);
        assert_eq!(markers(&console), [Marker::Agent("done".to_owned())]);
        console.start();
        assert!(console.sightings().is_empty());
    }

    #[tokio::test]
    async fn waiting_ends_with_the_marker_or_the_limit() {
        let console = std::sync::Arc::new(Console::default());
        let other = std::sync::Arc::clone(&console);
        let waiter = tokio::spawn(async move {
            other
                .wait_for(|marker| *marker == Marker::Kernel, Duration::from_secs(30))
                .await
        });
        tokio::task::yield_now().await;
        console.print(b"[    0.000000] Linux version 6.1.0\n");
        assert_eq!(waiter.await.unwrap().unwrap().marker, Marker::Kernel);
        assert_eq!(
            console
                .wait_for(
                    |marker| *marker == Marker::NetworkBoot,
                    Duration::from_millis(1)
                )
                .await,
            None
        );
    }

    proptest! {
        #[test]
        fn cutting_the_output_changes_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in any::<prop::sample::Index>()) {
            let (whole, parts) = (Console::default(), Console::default());
            whole.print(&bytes);
            let (left, right) = bytes.split_at(cut.index(bytes.len() + 1));
            parts.print(left);
            parts.print(right);
            prop_assert_eq!(whole.text(), parts.text());
            prop_assert_eq!(markers(&whole), markers(&parts));
        }
    }
}
