//! The message: "task N of class C is ready", as JSON.

use serde::{Deserialize, Serialize};

/// The longest message that can be one of ours, in bytes.
const LONGEST: usize = 1024;
/// How much of a message that is not ours is kept, in bytes.
const KEPT: usize = 16 << 10;

/// A message. Fields that it does not know are a later version's, and ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    /// The task's key.
    pub(super) task: i64,
    /// Its class of work.
    pub(super) class: String,
}

impl Message {
    /// The message as bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::json!({"task": self.task, "class": self.class})
            .to_string()
            .into_bytes()
    }

    /// A message from bytes that anybody may have sent.
    ///
    /// # Errors
    /// Why it is none of ours.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LONGEST {
            return Err(format!(
                "a message of {} bytes is none of ours",
                bytes.len()
            ));
        }
        let message: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("the message does not name a task: {error}"))?;
        if message.task < 1 {
            return Err(format!("there is no task {}", message.task));
        }
        Ok(message)
    }
}

/// The text of a message that is kept among the dead letters: what is no UTF-8 is replaced, what is
/// too long is cut.
pub(super) fn text(bytes: &[u8]) -> String {
    let kept = &bytes[..bytes.len().min(KEPT)];
    // A NUL is no text for PostgreSQL.
    String::from_utf8_lossy(kept).replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{KEPT, Message, text};

    #[test]
    fn what_is_not_ours_is_refused_with_a_reason() {
        for bytes in [
            &b""[..],
            b"null",
            b"{}",
            b"[1]",
            br#"{"task": 0, "class": "power"}"#,
            br#"{"task": "1", "class": "power"}"#,
            br#"{"task": 1e400, "class": "power"}"#,
            br#"{"task": 1}"#,
            b"\xff\xfe",
            &[b' '; 2000],
        ] {
            assert!(!Message::decode(bytes).unwrap_err().is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_message_comes_back(task in 1..i64::MAX, class in "[a-z]{1,20}") {
            let message = Message { task, class };
            prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = Message::decode(&bytes);
            prop_assert!(!text(&bytes).contains('\0'));
        }
    }

    #[test]
    fn long_messages_are_cut() {
        assert_eq!(text(&vec![b'a'; KEPT * 2]).len(), KEPT);
    }
}
