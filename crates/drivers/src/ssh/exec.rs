//! One command on the device: its output, its exit code, or what is known when it has none.

use std::time::Duration;

use assay_domain::DriverError;
use assay_domain::capability::SendError;
use russh::client::Msg;
use russh::{Channel, ChannelMsg};
use tokio::time::{Instant, timeout, timeout_at};

use super::fault::Fault;
use super::login::Connection;
use crate::peer::Peer;

/// The most that a command may print on both of its outputs, in bytes.
const OUTPUT_LIMIT: usize = 1 << 20;
/// How long the rest of the output is waited for once the exit code is there: what a command leaves
/// running in the background may hold its outputs open for ever.
const REST_LIMIT: Duration = Duration::from_secs(1);
/// Output on standard error (RFC 4254, 5.2).
const STANDARD_ERROR: u32 = 1;

/// What a command did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Done {
    /// Its exit code.
    pub(super) code: u32,
    /// What it printed on standard output.
    pub(super) printed: String,
    /// What it printed on standard error, trimmed.
    pub(super) complaint: String,
}

/// What has come from a command so far.
#[derive(Default)]
struct Progress {
    printed: Vec<u8>,
    complaint: Vec<u8>,
    code: Option<u32>,
    signal: Option<String>,
}

/// Why a command has no exit code.
enum Trouble {
    /// The device does not run it.
    NotRun,
    /// It printed too much.
    TooMuch,
    /// Its outputs ended without a code.
    NoCode,
}

/// Runs a command line, for at most `limit`; `input` is what it reads from its standard input.
///
/// # Errors
/// [`SendError::NotSent`] when the command certainly was not begun, else [`SendError::Unknown`].
pub(super) async fn run(
    connection: &Connection,
    peer: &Peer,
    command: &str,
    input: Option<&str>,
    limit: Duration,
) -> Result<Done, SendError> {
    let end = Instant::now() + limit;
    let opening = timeout_at(end, connection.handle.channel_open_session()).await;
    let mut channel = match opening {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => return Err(SendError::NotSent(Fault::from(error).into_driver(peer))),
        Err(_) => return Err(SendError::NotSent(Fault::Timeout(limit).into_driver(peer))),
    };
    let mut progress = Progress::default();
    let outcome = timeout_at(end, follow(&mut channel, command, input, &mut progress)).await;
    // The device closes it, too, when the command has ended.
    let _ = timeout(REST_LIMIT, channel.close()).await;
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(Trouble::NotRun)) => {
            let cause = "the device does not run commands for this login";
            return Err(SendError::NotSent(peer.unsupported(cause)));
        }
        Ok(Err(Trouble::TooMuch)) => {
            let cause = format!("a command printed more than {OUTPUT_LIMIT} bytes");
            return Err(SendError::Unknown(peer.malformed(cause)));
        }
        Ok(Err(Trouble::NoCode)) => return Err(SendError::Unknown(no_code(&progress, peer))),
        Err(_) => {
            let cause = format!("a command did not end within {} s", limit.as_secs_f32());
            return Err(SendError::Unknown(peer.timed_out(cause)));
        }
    }
    Ok(Done {
        code: progress.code.unwrap_or_default(),
        printed: String::from_utf8_lossy(&progress.printed).into_owned(),
        complaint: trimmed(&progress.complaint),
    })
}

/// Sends the command and listens until its exit code and the end of its outputs are there.
async fn follow(
    channel: &mut Channel<Msg>,
    command: &str,
    input: Option<&str>,
    progress: &mut Progress,
) -> Result<(), Trouble> {
    // All three fail only when the connection is gone, which the next message tells.
    let _ = channel.exec(true, command).await;
    if let Some(input) = input {
        let _ = channel.data(input.as_bytes()).await;
        let _ = channel.eof().await;
    }
    let mut closing = None;
    loop {
        let message = match closing {
            None => channel.wait().await,
            Some(end) => match timeout_at(end, channel.wait()).await {
                Ok(message) => message,
                Err(_) => return Ok(()),
            },
        };
        match message {
            Some(ChannelMsg::Failure) => return Err(Trouble::NotRun),
            None | Some(ChannelMsg::Close) if progress.code.is_some() => return Ok(()),
            None | Some(ChannelMsg::Close) => return Err(Trouble::NoCode),
            Some(message) => progress.take(message)?,
        }
        if progress.code.is_some() && closing.is_none() {
            closing = Some(Instant::now() + REST_LIMIT);
        }
    }
}

impl Progress {
    fn take(&mut self, message: ChannelMsg) -> Result<(), Trouble> {
        match message {
            ChannelMsg::Data { data } => self.printed.extend_from_slice(&data),
            ChannelMsg::ExtendedData {
                data,
                ext: STANDARD_ERROR,
            } => self.complaint.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => self.code = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                self.signal = Some(format!("{signal_name:?}"));
            }
            _ => {}
        }
        if self.printed.len() + self.complaint.len() > OUTPUT_LIMIT {
            return Err(Trouble::TooMuch);
        }
        Ok(())
    }
}

fn no_code(progress: &Progress, peer: &Peer) -> DriverError {
    match &progress.signal {
        Some(signal) => peer.failed(format!(
            "a command was ended by the signal {signal}: {}",
            trimmed(&progress.complaint)
        )),
        None => peer.failed("the connection or a command ended without an exit code"),
    }
}

fn trimmed(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_has_a_limit_over_both_streams() {
        let mut progress = Progress::default();
        let half = || ChannelMsg::Data {
            data: vec![b'x'; OUTPUT_LIMIT / 2].into(),
        };
        assert!(progress.take(half()).is_ok());
        assert!(progress.take(half()).is_ok());
        let more = ChannelMsg::ExtendedData {
            data: vec![b'x'].into(),
            ext: STANDARD_ERROR,
        };
        assert!(matches!(progress.take(more), Err(Trouble::TooMuch)));
    }
}
