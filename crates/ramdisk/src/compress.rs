//! Compression of the finished archive, in formats the kernel unpacks by itself.

use std::io::Write;

use lzma_rust2::{CheckType, XzOptions, XzWriter};

/// How the archive is compressed.
///
/// The kernel must have been built with the matching option (`CONFIG_RD_ZSTD`, `CONFIG_RD_XZ`, `CONFIG_RD_GZIP`);
/// the kernels of Debian 12 and later and of RHEL 9 and later have all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// No compression at all.
    None,
    /// gzip, at a level of 0 to 9: for kernels older than 5.9.
    Gzip(u32),
    /// xz, at a preset of 0 to 9: the smallest, and several times slower to unpack than zstd.
    Xz(u32),
    /// zstd, at a level of 1 to 19: the default.
    Zstd(i32),
}

impl Default for Compression {
    fn default() -> Self {
        // Level 19 saves a tenth and takes twenty times as long.
        Self::Zstd(9)
    }
}

impl Compression {
    /// Compresses `data`; the same input gives the same output.
    pub(crate) fn apply(self, data: Vec<u8>) -> std::io::Result<Vec<u8>> {
        match self {
            Self::None => Ok(data),
            Self::Gzip(level) => {
                let mut out = flate2::write::GzEncoder::new(
                    Vec::new(),
                    flate2::Compression::new(level.min(9)),
                );
                out.write_all(&data)?;
                out.finish()
            }
            Self::Xz(preset) => {
                let mut options = XzOptions::with_preset(preset.min(9));
                // The kernel's unpacker knows no other check.
                options.set_check_sum_type(CheckType::Crc32);
                let mut out = XzWriter::new(Vec::new(), options)?;
                out.write_all(&data)?;
                out.finish()
            }
            Self::Zstd(level) => zstd(&data, level.clamp(1, 19)),
        }
    }
}

fn zstd(data: &[u8], level: i32) -> std::io::Result<Vec<u8>> {
    let mut out = zstd::stream::write::Encoder::new(Vec::new(), level)?;
    // The kernel refuses frames with a window of more than 128 MiB; levels up to 19 stay at 8 MiB.
    out.include_checksum(true)?;
    out.set_pledged_src_size(Some(data.len() as u64))?;
    out.write_all(data)?;
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn sample() -> Vec<u8> {
        (0..50_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect()
    }

    fn unpack(compression: Compression, packed: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match compression {
            Compression::None => out = packed.to_vec(),
            Compression::Gzip(_) => {
                flate2::read::GzDecoder::new(packed)
                    .read_to_end(&mut out)
                    .unwrap();
            }
            Compression::Xz(_) => {
                lzma_rust2::XzReader::new(packed, false)
                    .read_to_end(&mut out)
                    .unwrap();
            }
            Compression::Zstd(_) => out = zstd::decode_all(packed).unwrap(),
        }
        out
    }

    #[test]
    fn every_format_unpacks_to_its_input_and_repeats_itself() {
        for compression in [
            Compression::None,
            Compression::Gzip(6),
            Compression::Xz(1),
            Compression::Zstd(3),
        ] {
            let packed = compression.apply(sample()).unwrap();
            assert_eq!(unpack(compression, &packed), sample(), "{compression:?}");
            assert_eq!(
                compression.apply(sample()).unwrap(),
                packed,
                "{compression:?} is not repeatable"
            );
        }
    }
}
