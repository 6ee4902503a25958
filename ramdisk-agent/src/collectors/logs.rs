//! The ramdisk's logs, as the inspector expects them: base64 of a tar.gz.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{Mode, OFlags};

use crate::Error;
use crate::host::Host;

/// Most bytes of the kernel's log; the newest are kept.
const KERNEL_LOG_BYTES: usize = 512 * 1024;

/// Packs the agent's own log, the kernel's log and the kernel line; secrets
/// are masked in each. Runs last, so that the log is whole.
pub fn pack(host: &Host) -> Result<String, Error> {
    let kernel_line = std::fs::read_to_string(host.proc.join("cmdline")).unwrap_or_default();
    let files = [
        ("agent.log", host.log.text()),
        ("dmesg", host.log.clean(&kernel_log(&host.dev.join("kmsg")))),
        ("kernel-cmdline", host.log.clean(&kernel_line)),
    ];
    archive(&files)
        .map(|bytes| STANDARD.encode(bytes))
        .map_err(Error::io("packing the logs"))
}

fn archive(files: &[(&str, String)]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files.iter().filter(|(_, text)| !text.is_empty()) {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    let mut encoder = archive.into_inner()?;
    encoder.flush()?;
    encoder.finish()
}

/// The kernel's log, oldest first; each read of `/dev/kmsg` gives one record
/// `level,sequence,microseconds,flags;text` (the kernel's ABI/testing/dev-kmsg).
fn kernel_log(path: &Path) -> String {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(descriptor) = rustix::fs::open(path, flags, Mode::empty()) else {
        return String::new();
    };
    let mut file = File::from(descriptor);
    let mut record = [0u8; 8192];
    let mut text = String::new();
    loop {
        match file.read(&mut record) {
            Ok(0) => break,
            Ok(length) => text.push_str(&line(&String::from_utf8_lossy(&record[..length]))),
            // Records were overwritten while we read: the next read goes on.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::PIPE.raw_os_error()) => {}
            Err(_) => break,
        }
    }
    let cut = text.len().saturating_sub(KERNEL_LOG_BYTES);
    text.split_off(text.ceil_char_boundary(cut))
}

fn line(record: &str) -> String {
    let Some((prefix, rest)) = record.split_once(';') else {
        return String::new();
    };
    let micros: u64 = prefix
        .split(',')
        .nth(2)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let text = rest.lines().next().unwrap_or("");
    format!(
        "[{:5}.{:06}] {text}\n",
        micros / 1_000_000,
        micros % 1_000_000
    )
}
