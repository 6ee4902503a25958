//! Reports at rest: JSON compressed with zstd (RFC 8878).

use assay_domain::Error;
use tokio::task::spawn_blocking;

use crate::fault::{Fault, Outcome};

/// How hard to compress: the library's default, at which JSON shrinks to about a tenth.
const LEVEL: i32 = 3;

/// Compressed data.
pub(crate) struct Compressed {
    /// The compressed bytes.
    pub(crate) bytes: Vec<u8>,
    /// How many bytes there were before.
    pub(crate) size: i64,
}

/// Compresses on another thread, before any transaction begins.
pub(crate) async fn compress(data: Vec<u8>) -> Outcome<Compressed> {
    let size = i64::try_from(data.len()).map_err(Error::internal)?;
    let bytes = spawn_blocking(move || compress_now(&data))
        .await
        .map_err(Error::internal)??;
    Ok(Compressed { bytes, size })
}

/// Compresses on this thread.
pub(crate) fn compress_now(data: &[u8]) -> Outcome<Vec<u8>> {
    zstd::bulk::compress(data, LEVEL).map_err(Fault::io("cannot compress a report"))
}

/// The data as it was before.
pub(crate) fn decompress(bytes: &[u8]) -> Outcome<Vec<u8>> {
    zstd::stream::decode_all(bytes).map_err(Fault::io("cannot decompress a report"))
}
