//! Nonces of boot scripts: random, and stored only as their hash.

use assay_domain::{Error, Result};
use sha2::{Digest, Sha256};

/// 128 random bits in hex.
pub(crate) fn new_nonce() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(hex(&bytes))
}

/// What is stored of a nonce: SHA-256 in hex.
pub(crate) fn hash(nonce: &str) -> String {
    hex(&Sha256::digest(nonce.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
