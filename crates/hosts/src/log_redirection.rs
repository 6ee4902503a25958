//! Where the log of a host is sent: a forwarding rule of rsyslog's, in a file of its own.

use assay_domain::host::HostShell;

use crate::{HostError, HostSettings, Outcome, outcome, run};

/// Sends the log to a host.
pub(crate) const SET: &str = include_str!("scripts/log_set.sh");
/// Sends it nowhere.
pub(crate) const CLEAR: &str = include_str!("scripts/log_clear.sh");

/// Sends the log to `wanted`, a host name or address, or to nobody.
pub(crate) async fn set(
    shell: &dyn HostShell,
    wanted: Option<&str>,
    settings: &HostSettings,
) -> Result<Outcome, HostError> {
    let end = match wanted {
        Some(host) => {
            let (port, protocol) = (settings.log_port, settings.log_protocol.as_str());
            run(shell, SET, &format!("{host}\n{port}\n{protocol}\n")).await?
        }
        None => run(shell, CLEAR, "").await?,
    };
    outcome(&end)
}
