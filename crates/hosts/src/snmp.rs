//! The SNMP agent of a host: net-snmp's snmpd with a configuration of Assay's; the former one is kept
//! beside it.

use std::fmt::Write;

use assay_domain::host::HostShell;

use crate::{HostError, HostSettings, Outcome, SnmpSettings, outcome, run};

/// Writes the configuration, which comes on standard input, and runs the agent.
pub(crate) const ENABLE: &str = include_str!("scripts/snmp_enable.sh");
/// Stops it.
pub(crate) const DISABLE: &str = include_str!("scripts/snmp_disable.sh");

/// Has the agent configured and running, or stopped.
pub(crate) async fn set(
    shell: &dyn HostShell,
    wanted: bool,
    settings: &HostSettings,
) -> Result<Outcome, HostError> {
    if !wanted {
        return outcome(&run(shell, DISABLE, "").await?);
    }
    let Some(snmp) = &settings.snmp else {
        return Err(HostError::NotConfigured(
            "hosts.snmp is not configured: nothing says who may read the SNMP agents of hosts"
                .to_owned(),
        ));
    };
    outcome(&run(shell, ENABLE, &configuration(snmp)).await?)
}

/// What snmpd.conf(5) says: answers to everybody who knows the community and comes from the networks.
fn configuration(settings: &SnmpSettings) -> String {
    let community = settings.community.expose();
    let mut text = String::from("# Kept by Assay.\nagentaddress udp:161,udp6:161\n");
    let anywhere = ["default".to_owned()];
    let networks = match settings.networks.as_slice() {
        [] => anywhere.as_slice(),
        given => given,
    };
    for network in networks {
        let directive = if network.contains(':') {
            "rocommunity6"
        } else {
            "rocommunity"
        };
        // Writing to a String does not fail.
        let _ = writeln!(text, "{directive} {community} {network}");
    }
    text
}

#[cfg(test)]
mod tests {
    use assay_domain::Secret;

    use super::*;

    #[test]
    fn each_network_may_read() {
        let networks = ["10.0.0.0/8", "2001:db8::/32"].map(str::to_owned);
        let settings = SnmpSettings {
            community: Secret::new("c"),
            networks: networks.to_vec(),
        };
        let text = configuration(&settings);
        assert!(text.contains("\nrocommunity c 10.0.0.0/8\n"));
        assert!(text.contains("\nrocommunity6 c 2001:db8::/32\n"));
    }

    #[test]
    fn without_networks_everybody_may() {
        let settings = SnmpSettings {
            community: Secret::new("c"),
            networks: Vec::new(),
        };
        assert!(configuration(&settings).ends_with("\nrocommunity c default\n"));
    }
}
