//! A small interpreter of boot scripts, for machines that have no real firmware.
//!
//! It knows the part of iPXE's script language that network boot of a kernel needs: comments, labels and `goto`,
//! `set`, `isset`, `iseq`, `echo`, `sleep`, `chain` with `--replace`, `kernel`, `initrd` and `imgfetch` with
//! `--name`, `imgargs`, `imgfree`, `boot`, `exit`, the operators `||` and `&&`, and `${setting:type}`.

mod script;
mod settings;

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use script::boot;
pub(crate) use settings::Settings;

/// A kernel that is ready to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kernel {
    /// Where it came from.
    pub(crate) url: String,
    /// Its command line.
    pub(crate) line: String,
    /// Where its initial ramdisks came from.
    pub(crate) initrds: Vec<String>,
}

/// How a boot script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a kernel to start.
    Boot(Kernel),
    /// It gave the machine back to its firmware; 0 is success.
    Exit(i32),
}

/// Why a boot script failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// A command failed and nothing in the script caught it.
    #[error("line {line}: {reason}")]
    Command {
        /// Line number, from 1.
        line: usize,
        /// What went wrong.
        reason: String,
    },
    /// The script runs in circles or calls itself.
    #[error("the script does not end")]
    Endless,
}

/// What a file is fetched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be started.
    Kernel,
    /// To be handed to the kernel.
    Initrd,
}

/// The machine around the firmware: its network and its screen.
#[async_trait]
pub(crate) trait Surroundings: Send + Sync {
    /// Fetches what may be a script.
    async fn script(&self, url: &str) -> Result<Bytes, String>;
    /// Fetches a file whose content does not matter to the firmware.
    async fn image(&self, url: &str, purpose: Purpose) -> Result<(), String>;
    /// Shows a line.
    fn show(&self, text: &str);
}
