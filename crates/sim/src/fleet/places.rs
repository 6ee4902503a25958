//! Where a fleet lives: loopback addresses one after the other, and open files for them.

use std::net::Ipv4Addr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Error;

/// Open files for what is not a BMC's listener or socket: connections, and the process itself.
const BESIDES: u64 = 512;

/// The hosts of a block of 256 addresses: .1 to .254.
const HOSTS: u32 = 254;

/// So many addresses of 127.0.0.0/8 from `first` on, without those that end in .0 or .255.
///
/// # Errors
/// [`Error::Fleet`] when `first` is not such an address, or there are too few after it.
pub(super) fn addresses(first: Ipv4Addr, count: usize) -> Result<Vec<Ipv4Addr>, Error> {
    let [net, high, low, host] = first.octets();
    if net != 127 || host == 0 || host == 255 {
        return Err(Error::Fleet(format!(
            "{first} is not one of 127.0.0.1 to 127.255.255.254, or ends in .0 or .255"
        )));
    }
    let block = u32::from(u16::from_be_bytes([high, low]));
    let begin = block * HOSTS + u32::from(host) - 1;
    let all = HOSTS << 16;
    let addresses: Vec<Ipv4Addr> = (begin..all).map(address).take(count).collect();
    if addresses.len() < count {
        return Err(Error::Fleet(format!(
            "there are only {} loopback addresses from {first} on, and {count} are needed",
            addresses.len()
        )));
    }
    Ok(addresses)
}

fn address(number: u32) -> Ipv4Addr {
    let (block, host) = (number / HOSTS, number % HOSTS + 1);
    Ipv4Addr::from(127 << 24 | block << 8 | host)
}

/// Lets this process open as many files as it may, and asks for more than that where so many
/// listeners and sockets need it.
///
/// # Errors
/// [`Error::Files`] when the system does not allow it.
pub fn allow_open_files(sockets: usize) -> Result<(), Error> {
    let needed = u64::try_from(sockets)
        .unwrap_or(u64::MAX)
        .saturating_add(BESIDES);
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.map_or(u64::MAX, |most| most.max(needed));
    let wish = [now.maximum, Some(most)].map(|most| Rlimit {
        current: most,
        maximum: most,
    });
    let enough = |limit: &Rlimit| limit.current.is_none_or(|current| current >= needed);
    for limit in wish {
        if enough(&limit) && setrlimit(Resource::Nofile, limit).is_ok() {
            return Ok(());
        }
    }
    Err(Error::Files {
        needed,
        allowed: now.maximum.unwrap_or(needed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_on_in_the_next_block() {
        let from = |first: [u8; 4], count| addresses(first.into(), count);
        let some = from([127, 1, 0, 253], 3).unwrap();
        let some: Vec<String> = some.iter().map(ToString::to_string).collect();
        assert_eq!(some, ["127.1.0.253", "127.1.0.254", "127.1.1.1"]);
        assert_eq!(from([127, 255, 255, 254], 1).unwrap().len(), 1);
        for (first, count) in [
            ([127, 255, 255, 254], 2),
            ([10, 0, 0, 1], 1),
            ([127, 0, 0, 0], 1),
            ([127, 0, 0, 255], 1),
        ] {
            assert!(from(first, count).is_err(), "{first:?}");
        }
    }

    #[test]
    fn more_files_than_any_system_has_are_refused() {
        assert!(allow_open_files(1).is_ok());
        let error = allow_open_files(usize::MAX).unwrap_err();
        assert!(error.to_string().contains("ulimit -n"), "{error}");
    }
}
