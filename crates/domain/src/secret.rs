//! A string that cannot be printed, logged or serialized by accident.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A password, key or token. It has neither `Debug`, `Display` nor `Serialize`, and its memory is
/// wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret text itself; the only way to it, so that each use can be found.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
