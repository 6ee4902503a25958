//! The sending of a boot file, watched: one that breaks off leaves evidence.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use assay_app::App;
use assay_domain::Phase;
use rocket::tokio::fs::File;
use rocket::tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

/// A file on its way to a machine.
pub(super) struct Transfer {
    file: File,
    app: App,
    nonce: String,
    phase: Phase,
    sent: u64,
    size: u64,
}

impl Transfer {
    /// Watches the sending of a file of so many bytes to the machine with this nonce.
    pub(super) fn new(file: File, size: u64, app: &App, nonce: &str, phase: Phase) -> Self {
        Self {
            file,
            app: app.clone(),
            nonce: nonce.to_owned(),
            phase,
            sent: 0,
            size,
        }
    }
}

impl AsyncRead for Transfer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.file).poll_read(context, buffer))?;
        self.sent += (buffer.filled().len() - before) as u64;
        Poll::Ready(Ok(()))
    }
}

// Rocket asks for it where a body's size is not told; here it always is.
impl AsyncSeek for Transfer {
    fn start_seek(mut self: Pin<&mut Self>, position: std::io::SeekFrom) -> std::io::Result<()> {
        Pin::new(&mut self.file).start_seek(position)
    }

    fn poll_complete(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<u64>> {
        Pin::new(&mut self.file).poll_complete(context)
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if self.sent < self.size {
            self.app
                .evidence()
                .transfer_cut(&self.nonce, self.phase, self.sent, self.size);
        }
    }
}
