//! The BMC itself over IPMI: firmware, network, accounts.

use std::fmt::Write;
use std::net::IpAddr;

use assay_domain::DriverError;
use assay_domain::capability::{
    ManagementCapability, ManagementInfo, ManagementInterface, ManagementUser,
};
use assay_ipmi::Privilege;
use assay_ipmi::command::lan::Lan;
use assay_ipmi::command::user::User;
use async_trait::async_trait;

use super::session::Bmc;

#[async_trait]
impl ManagementCapability for Bmc {
    async fn management_info(&self) -> Result<ManagementInfo, DriverError> {
        let device = self.session.device_id().await;
        let device = device.map_err(|error| self.error(&error))?;
        let lan = self.session.lan().await;
        let lan = lan.map_err(|error| self.error(&error))?;
        let users = match self.session.users(lan.channel).await {
            // Only administrators may see accounts.
            Err(error) if error.is_unsupported() || error.code() == Some(0xd4) => None,
            outcome => Some(outcome.map_err(|error| self.error(&error))?),
        };
        Ok(ManagementInfo {
            firmware: Some(device.firmware()),
            interfaces: vec![interface(lan)],
            users: users.map(|users| users.into_iter().map(user).collect()),
        })
    }
}

fn interface(lan: Lan) -> ManagementInterface {
    ManagementInterface {
        name: format!("channel {}", lan.channel),
        mac: lan.mac.map(|mac| {
            mac.iter().fold(String::new(), |mut text, byte| {
                let colon = if text.is_empty() { "" } else { ":" };
                // Writing to a String does not fail.
                let _ = write!(text, "{colon}{byte:02x}");
                text
            })
        }),
        address: lan.address.map(IpAddr::V4),
        prefix: lan.mask.and_then(|mask| {
            let bits = mask.to_bits();
            // Ones, then zeros; anything else is no mask.
            let length = bits.leading_ones();
            (length == bits.count_ones()).then(|| u8::try_from(length).ok())?
        }),
        gateway: lan.gateway.map(IpAddr::V4),
        source: lan.source.map(|source| match source {
            1 => "static".to_owned(),
            2 => "dhcp".to_owned(),
            3 => "firmware".to_owned(),
            other => format!("source {other}"),
        }),
        vlan: lan.vlan,
    }
}

fn user(user: User) -> ManagementUser {
    ManagementUser {
        id: user.id.to_string(),
        name: user.name,
        privilege: user.privilege.map_or("none", Privilege::as_str).to_owned(),
        enabled: user.enabled,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_interface_is_described() {
        let lan = Lan {
            channel: 1,
            mac: Some([0, 0x16, 0x3e, 1, 2, 0xff]),
            mask: Some(Ipv4Addr::new(255, 255, 240, 0)),
            source: Some(2),
            ..Lan::default()
        };
        let shown = interface(lan.clone());
        assert_eq!(shown.mac.as_deref(), Some("00:16:3e:01:02:ff"));
        assert_eq!(
            (shown.prefix, shown.source.as_deref()),
            (Some(20), Some("dhcp"))
        );
        let odd = Lan {
            mask: Some(Ipv4Addr::new(255, 0, 255, 0)),
            ..lan
        };
        assert_eq!(interface(odd).prefix, None);
    }
}
