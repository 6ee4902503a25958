//! Presence Ping and Pong of RMCP (section 13.2): a tool asks whether anybody is there before it begins.

/// RMCP version 1.0 and the class ASF; between them are a reserved byte and a sequence number.
const VERSION: u8 = 0x06;
const ASF: u8 = 0x06;

/// The number of the ASF's own messages among makers' (IANA).
const ALERTING_SPECIFICATION: [u8; 4] = [0, 0, 0x11, 0xbe];

const PING: u8 = 0x80;
const PONG: u8 = 0x40;

/// Speaks IPMI, and ASF 1.0.
const SUPPORTED: u8 = 0x81;

/// The Pong to a Ping; none to any other datagram.
pub(super) fn answer(datagram: &[u8]) -> Option<Vec<u8>> {
    let [VERSION, _, _, ASF, maker @ .., PING, tag, _, 0] = datagram else {
        return None;
    };
    if maker != ALERTING_SPECIFICATION {
        return None;
    }
    // No acknowledgement is wanted of it.
    let mut pong = vec![VERSION, 0, 0xff, ASF];
    pong.extend(ALERTING_SPECIFICATION);
    pong.extend([PONG, *tag, 0, 16]);
    pong.extend(ALERTING_SPECIFICATION);
    pong.extend([0, 0, 0, 0, SUPPORTED, 0, 0, 0, 0, 0, 0, 0]);
    Some(pong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ping_gets_a_pong_with_its_tag() {
        let ping = [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0x2a, 0, 0];
        let pong = answer(&ping).unwrap();
        assert_eq!((pong.len(), &pong[8..12]), (28, &[0x40, 0x2a, 0, 16][..]));
        for (place, byte) in [(0, 5), (3, 7), (7, 0), (8, 0x40), (11, 1)] {
            let mut other = ping;
            other[place] = byte;
            assert_eq!(answer(&other), None, "{place}");
        }
        assert_eq!((answer(&ping[..11]), answer(&[])), (None, None));
    }
}
