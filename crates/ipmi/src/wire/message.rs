//! IPMI messages as they go over LAN (section 13.8): addresses, function, sequence, checksums.

use crate::Error;
use crate::command::Command;
use crate::cursor::Cursor;

/// The BMC's address (section 5.5).
pub const BMC: u8 = 0x20;

/// The address of remote console software that ipmitool and FreeIPMI use as well (section 5.5).
pub const CONSOLE: u8 = 0x81;

/// The most bytes that a message has beside its body.
const FRAME: usize = 7;

/// A request or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Address of the receiver.
    pub to: u8,
    /// Network function, 0 to 63; an answer's is its request's plus one.
    pub netfn: u8,
    /// The receiver's logical unit, 0 to 3.
    pub to_lun: u8,
    /// Address of the sender.
    pub from: u8,
    /// Sequence number of the request, 0 to 63.
    pub seq: u8,
    /// The sender's logical unit, 0 to 3.
    pub from_lun: u8,
    /// Command.
    pub command: u8,
    /// The data; an answer's begin with the completion code.
    pub body: Vec<u8>,
}

impl Message {
    /// A request to the BMC.
    pub fn request(command: Command, seq: u8, data: &[u8]) -> Self {
        Self {
            to: BMC,
            netfn: command.netfn,
            to_lun: command.lun,
            from: CONSOLE,
            seq: seq & 0x3f,
            from_lun: 0,
            command: command.code,
            body: data.to_vec(),
        }
    }

    /// The answer to this request.
    #[must_use]
    pub fn answer(&self, completion: u8, data: &[u8]) -> Self {
        let mut body = Vec::with_capacity(data.len() + 1);
        body.push(completion);
        body.extend_from_slice(data);
        Self {
            to: self.from,
            netfn: (self.netfn | 1) & 0x3f,
            to_lun: self.from_lun,
            from: self.to,
            seq: self.seq,
            from_lun: self.to_lun,
            command: self.command,
            body,
        }
    }

    /// Whether this is the answer to a request of this command and sequence number.
    pub fn answers(&self, command: Command, seq: u8) -> bool {
        self.netfn == command.netfn | 1 && self.command == command.code && self.seq == seq & 0x3f
    }

    /// The bytes of the message.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.body.len() + FRAME);
        bytes.extend([self.to, self.netfn << 2 | self.to_lun & 3]);
        bytes.push(checksum(&bytes));
        bytes.extend([self.from, self.seq << 2 | self.from_lun & 3, self.command]);
        bytes.extend_from_slice(&self.body);
        bytes.push(checksum(&bytes[3..]));
        bytes
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short or a checksum is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let what = "an IPMI message";
        let mut head = Cursor::new(what, bytes);
        let [to, function, first] = head.array()?;
        let rest = head.rest();
        let Some((second, rest)) = rest.split_last() else {
            return Err(Error::too_short(what));
        };
        if checksum(&[to, function]) != first || checksum(rest) != *second {
            return Err(Error::Malformed(format!("{what} has a wrong checksum")));
        }
        let mut rest = Cursor::new(what, rest);
        let [from, seq, command] = rest.array()?;
        Ok(Self {
            to,
            netfn: function >> 2,
            to_lun: function & 3,
            from,
            seq: seq >> 2,
            from_lun: seq & 3,
            command,
            body: rest.rest().to_vec(),
        })
    }
}

/// The byte that makes the sum of `bytes` and itself zero (section 13.8).
pub fn checksum(bytes: &[u8]) -> u8 {
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    sum.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::app::DEVICE_ID;

    #[test]
    fn a_request_is_encoded_as_the_specification_says() {
        let bytes = Message::request(DEVICE_ID, 1, &[]).encode();
        assert_eq!(bytes, [0x20, 0x18, 0xc8, 0x81, 0x04, 0x01, 0x7a]);
    }

    proptest! {
        #[test]
        fn messages_round_trip(seq in 0..64_u8, data in proptest::collection::vec(any::<u8>(), 0..60)) {
            let request = Message::request(DEVICE_ID, seq, &data);
            prop_assert_eq!(Message::decode(&request.encode()), Ok(request.clone()));
            let answer = request.answer(0xc1, &data);
            prop_assert!(answer.answers(DEVICE_ID, seq));
            prop_assert_eq!(Message::decode(&answer.encode()), Ok(answer));
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Message::decode(&bytes);
        }
    }
}
