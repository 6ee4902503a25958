//! The BMC itself over Redfish: firmware, network, accounts.

use std::net::{IpAddr, Ipv4Addr};

use assay_domain::DriverError;
use assay_domain::capability::{
    ManagementCapability, ManagementInfo, ManagementInterface, ManagementUser,
};
use assay_inventory::normalize_mac;
use async_trait::async_trait;
use nv_redfish::core::ODataId;
use serde_json::Value;

use super::fault::HttpFault;
use super::session::Machine;
use super::told::{first_text, id, is_absent, text, words};
use super::walk::Walk;

#[async_trait]
impl ManagementCapability for Machine {
    async fn management_info(&self) -> Result<ManagementInfo, DriverError> {
        let (mut walk, system) = self.walk().await?;
        let managers = walk.linked(&system, "/Links/ManagedBy").await;
        let managers = managers.map_err(|fault| self.wire.error(fault))?;
        if managers.is_empty() {
            return Err(walk.lacks("the BMC does not show the manager of the machine"));
        }
        let mut interfaces = Vec::new();
        for manager in &managers {
            let own = walk.members_of(manager, "EthernetInterfaces").await;
            let own = own.map_err(|fault| self.wire.error(fault))?;
            // With one manager, which is usual, its interfaces need no further name.
            let prefix = id(manager).filter(|_| managers.len() > 1);
            let own = own.unwrap_or_default();
            interfaces.extend(own.iter().flat_map(|own| interface(own, prefix.as_deref())));
        }
        let firmware = managers
            .iter()
            .find_map(|manager| first_text(manager, &["FirmwareVersion", "Version"]));
        Ok(ManagementInfo {
            firmware,
            interfaces,
            users: self.users(&mut walk).await?,
        })
    }
}

impl Machine {
    /// The BMC's accounts; `None` where it does not show them, or not to this account.
    async fn users(&self, walk: &mut Walk<'_>) -> Result<Option<Vec<ManagementUser>>, DriverError> {
        match accounts(walk, self.offer.accounts.as_ref()).await {
            Ok(accounts) => {
                let users = accounts.iter().flatten().filter_map(user);
                let users: Vec<ManagementUser> = users.collect();
                // Somebody has logged in: none are shown, then, rather than there.
                Ok(Some(users).filter(|users| !users.is_empty()))
            }
            // Either this account may not see accounts, which other BMCs say with 403; or the session
            // has ended, or the login does not count any more: then nothing else can be read either.
            Err(fault) if fault.is_unauthorized() => self.read().await.map(|_| None),
            Err(fault) => Err(self.wire.error(fault)),
        }
    }
}

async fn accounts(
    walk: &mut Walk<'_>,
    service: Option<&ODataId>,
) -> Result<Option<Vec<Value>>, HttpFault> {
    let Some(service) = service else {
        return Ok(None);
    };
    let service = walk.read(service).await;
    match walk.forgive(service)? {
        Some(service) => walk.members_of(&service, "Accounts").await,
        None => Ok(None),
    }
}

/// An account; `None` for a free place in the BMC's table.
fn user(account: &Value) -> Option<ManagementUser> {
    let name = text(account, "UserName")?;
    let is = |key: &str| account.get(key).and_then(Value::as_bool);
    let role = account.pointer("/Links/Role/@odata.id");
    let role = role
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next());
    let role = text(account, "RoleId").or_else(|| role.map(str::to_owned));
    Some(ManagementUser {
        id: id(account).unwrap_or_else(|| name.clone()),
        name,
        privilege: role.map_or_else(|| "none".into(), |role| words(&role)),
        // Enabled is how accounts are unless they say otherwise.
        enabled: is("Enabled") != Some(false) && is("Locked") != Some(true),
    })
}

/// An interface, once for each of its addresses; once without where it has none.
fn interface(resource: &Value, manager: Option<&str>) -> Vec<ManagementInterface> {
    if is_absent(resource) {
        return Vec::new();
    }
    let name = id(resource).or_else(|| text(resource, "Name"));
    let name = name.unwrap_or_else(|| "interface".into());
    let mac = first_text(resource, &["MACAddress", "PermanentMACAddress"]);
    let plain = ManagementInterface {
        name: match manager {
            Some(manager) => format!("{manager} {name}"),
            None => name,
        },
        mac: mac.and_then(|mac| normalize_mac(&mac)),
        vlan: vlan(resource),
        ..ManagementInterface::default()
    };
    let mut addresses = Vec::new();
    for (key, of) in [
        ("IPv4Addresses", v4 as fn(&Value, &Value) -> _),
        ("IPv6Addresses", v6),
    ] {
        let listed = resource.get(key).and_then(Value::as_array);
        let listed = listed.into_iter().flatten();
        addresses.extend(listed.filter_map(|entry| of(resource, entry)));
    }
    if addresses.is_empty() {
        return vec![plain];
    }
    let with = |address: Address| ManagementInterface {
        address: Some(address.ip),
        prefix: address.prefix,
        gateway: address.gateway,
        source: address.source,
        ..plain.clone()
    };
    addresses.into_iter().map(with).collect()
}

/// An address of an interface.
struct Address {
    ip: IpAddr,
    prefix: Option<u8>,
    gateway: Option<IpAddr>,
    source: Option<String>,
}

fn v4(_: &Value, entry: &Value) -> Option<Address> {
    let mask = text(entry, "SubnetMask").and_then(|mask| mask.parse::<Ipv4Addr>().ok());
    Some(Address {
        ip: ip(entry, "Address")?,
        prefix: mask.and_then(|mask| {
            let bits = mask.to_bits();
            // Ones, then zeros; anything else is no mask.
            let length = bits.leading_ones();
            (length == bits.count_ones()).then(|| u8::try_from(length).ok())?
        }),
        gateway: ip(entry, "Gateway"),
        source: source(entry),
    })
}

fn v6(interface: &Value, entry: &Value) -> Option<Address> {
    let address = ip(entry, "Address")?;
    let prefix = entry.get("PrefixLength").and_then(Value::as_u64);
    let is_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    Some(Address {
        ip: address,
        prefix: prefix
            .and_then(|prefix| u8::try_from(prefix).ok())
            .filter(|prefix| *prefix <= 128),
        // Nothing leaves its link from such an address.
        gateway: ip(interface, "IPv6DefaultGateway").filter(|_| !is_local),
        source: source(entry),
    })
}

/// An address that is one: firmware shows none as zeros.
fn ip(resource: &Value, key: &str) -> Option<IpAddr> {
    let address: IpAddr = text(resource, key)?.parse().ok()?;
    (!address.is_unspecified()).then_some(address)
}

/// Where an address comes from, in the domain's words where it has them.
fn source(entry: &Value) -> Option<String> {
    Some(match text(entry, "AddressOrigin")?.as_str() {
        "DHCP" | "DHCPv6" => "dhcp".into(),
        "IPv4LinkLocal" | "LinkLocal" => "link local".into(),
        other => other.to_lowercase(),
    })
}

fn vlan(resource: &Value) -> Option<u16> {
    let vlan = resource.get("VLAN")?;
    if vlan.get("VLANEnable")?.as_bool()? {
        u16::try_from(vlan.get("VLANId")?.as_u64()?)
            .ok()
            .filter(|id| *id < 4095)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_interface_is_shown_once_for_each_address() {
        let shown = interface(
            &json!({"Id": "eth0", "MACAddress": "00-16-3E-01-02-FF",
            "VLAN": {"VLANEnable": true, "VLANId": 42}, "IPv6DefaultGateway": "2001:db8::1",
            "IPv4Addresses": [{"Address": "192.0.2.7", "SubnetMask": "255.255.240.0",
                "AddressOrigin": "DHCP", "Gateway": "192.0.2.1"}, {"Address": "0.0.0.0"}, 4],
            "IPv6Addresses": [
                {"Address": "fe80::1", "PrefixLength": 64, "AddressOrigin": "LinkLocal"},
                {"Address": "2001:db8::7", "PrefixLength": 999, "AddressOrigin": "SLAAC"}]}),
            None,
        );
        let [four, local, six] = &shown[..] else {
            panic!("{shown:?}")
        };
        assert_eq!(four.mac.as_deref(), Some("00:16:3e:01:02:ff"));
        assert_eq!(
            (four.prefix, four.vlan, four.source.as_deref()),
            (Some(20), Some(42), Some("dhcp"))
        );
        assert_eq!(four.gateway, "192.0.2.1".parse().ok());
        assert_eq!((local.prefix, local.gateway), (Some(64), None));
        assert_eq!(local.source.as_deref(), Some("link local"));
        assert_eq!(
            (six.prefix, six.gateway),
            (None, "2001:db8::1".parse().ok())
        );
    }

    #[test]
    fn an_interface_without_addresses_is_shown_all_the_same() {
        let shown = interface(
            &json!({"Id": "usb0", "VLAN": {"VLANEnable": false}}),
            Some("b"),
        );
        assert_eq!((shown.len(), shown[0].name.as_str()), (1, "b usb0"));
        assert_eq!((shown[0].vlan, shown[0].address), (None, None));
        assert!(interface(&json!({"Status": {"State": "Absent"}}), None).is_empty());
    }

    #[test]
    fn an_account_that_is_locked_cannot_log_in() {
        let read = |account: Value| user(&account).unwrap();
        let admin = read(json!({"Id": "2", "UserName": "root", "RoleId": "ReadOnly"}));
        assert_eq!(
            (admin.privilege.as_str(), admin.enabled),
            ("read only", true)
        );
        assert!(!read(json!({"UserName": "root", "Locked": true})).enabled);
        assert!(!read(json!({"UserName": "root", "Enabled": false})).enabled);
        assert!(user(&json!({"Id": "3", "UserName": ""})).is_none());
    }
}
