//! The agent's own log: kept in memory for the report, and shown on a terminal.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::kernel_line::KernelLine;
use crate::redact::Redactor;

/// Bytes of log kept for the report; the oldest lines go first.
const KEPT_BYTES: usize = 256 * 1024;

/// Where lines go while they are written. Cheap to clone.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    started: Instant,
    redactor: Redactor,
    verbose: bool,
    state: Mutex<State>,
}

struct State {
    lines: String,
    screen: Option<Box<dyn Write + Send>>,
}

impl Log {
    /// A log that hides what `line` holds of secrets. Markers, and with
    /// `ipa-debug` every line, go to `screen` as well.
    pub fn new(line: &KernelLine, screen: Option<Box<dyn Write + Send>>) -> Self {
        Self(Arc::new(Inner {
            started: Instant::now(),
            redactor: Redactor::new(line),
            verbose: line.is_on("ipa-debug"),
            state: Mutex::new(State {
                lines: String::new(),
                screen,
            }),
        }))
    }

    /// Notes a line.
    pub fn note(&self, text: impl AsRef<str>) {
        self.write(text.as_ref(), self.0.verbose);
    }

    /// Notes a line and shows it on the screen, in the one form that the
    /// server's watchers of serial consoles know: `assay-agent: TEXT`.
    pub fn mark(&self, text: impl AsRef<str>) {
        self.write(text.as_ref(), true);
    }

    /// Everything noted so far that is still kept.
    pub fn text(&self) -> String {
        self.lock().lines.clone()
    }

    /// Masks the secrets of the kernel line in a foreign text.
    pub fn clean(&self, text: &str) -> String {
        self.0.redactor.clean(text)
    }

    fn write(&self, text: &str, show: bool) {
        let text = self.clean(text).replace('\n', " ");
        let seconds = self.0.started.elapsed().as_secs_f64();
        let mut state = self.lock();
        // Writing to a text cannot fail.
        let _ =
            std::fmt::Write::write_fmt(&mut state.lines, format_args!("[{seconds:9.3}] {text}\n"));
        drop_oldest(&mut state.lines);
        if let Some(screen) = state.screen.as_mut().filter(|_| show) {
            // In one piece, since the kernel writes to the same console. One
            // that went away must not stop the machine's report.
            let _ = screen.write_all(format!("assay-agent: {text}\n").as_bytes());
            let _ = screen.flush();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_oldest(lines: &mut String) {
    if lines.len() > KEPT_BYTES {
        let from = lines.len() - KEPT_BYTES / 2;
        let cut = lines
            .char_indices()
            .find(|&(at, character)| at >= from && character == '\n')
            .map_or(lines.len(), |(at, _)| at + 1);
        lines.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_old_lines_dropped() {
        let line =
            KernelLine::parse("ipa-inspection-callback-url=http://h/v1/continue?nonce=abcdefgh");
        let log = Log::new(&line, None);
        log.note("posting to http://h/v1/continue?nonce=abcdefgh now");
        assert!(!log.text().contains("abcdefgh") && log.text().contains("now"));
        for number in 0..20_000 {
            log.note(format!("line {number}"));
        }
        let text = log.text();
        assert!(
            text.len() <= KEPT_BYTES && text.contains("line 19999") && !text.contains("line 1\n")
        );
        assert!(text.starts_with('['));
    }
}
