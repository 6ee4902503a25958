//! The BMC's network as it shows it.

use std::net::{IpAddr, Ipv4Addr};

use assay_ipmi::command::lan::parameter;

use super::{Answer, Shared, WRONG_LENGTH};

/// Get LAN Configuration Parameters: the parameter is not there (section 23.2).
const NO_PARAMETER: u8 = 0x80;

/// The revision of all parameters.
const REVISION: u8 = 0x11;

pub(super) fn get(shared: &Shared, body: &[u8]) -> Answer {
    let Some(number) = body.get(1) else {
        return (WRONG_LENGTH, Vec::new());
    };
    let address = match shared.address.ip() {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    };
    let mut data = vec![REVISION];
    match *number {
        // Nothing is being changed.
        0 => data.push(0),
        parameter::ADDRESS => data.extend(address.octets()),
        // Set by hand.
        parameter::SOURCE => data.push(1),
        parameter::MAC => data.extend(shared.machine.hardware().bmc_mac.bytes()),
        parameter::MASK => data.extend([255, 0, 0, 0]),
        parameter::GATEWAY => data.extend([0; 4]),
        parameter::VLAN => data.extend([0; 2]),
        _ => return (NO_PARAMETER, Vec::new()),
    }
    (0, data)
}
