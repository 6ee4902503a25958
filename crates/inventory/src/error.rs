//! The one error type of this crate.

/// Why a text could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a MAC address in any known notation.
    #[error("{0:?} is not a MAC address")]
    Mac(String),
    /// A root device hint with a name that nobody knows.
    #[error("unknown root device hint {0:?}")]
    UnknownHint(String),
    /// A root device hint whose value does not fit its type.
    #[error("root device hint {hint}: {reason}")]
    Hint {
        /// Name of the hint.
        hint: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// Root device hints that are neither an object nor `name=value` pairs.
    #[error("root device hints must be an object or name=value pairs: {0:?}")]
    HintShape(String),
}
