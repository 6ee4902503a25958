//! Signs of life of a host: a service of systemd's that writes to the host's availability storages, each from
//! a loop of its own, so that a storage that hangs holds up no other.

use std::fmt::Write;

use assay_domain::HEARTBEAT_FOLDER;
use assay_domain::host::HostShell;

use crate::{HeartbeatPlan, HostError, HostSettings, Outcome, outcome, run};

/// Has the service write to the folders that come on standard input, and waits for the first signs.
pub(crate) const SET: &str = include_str!("scripts/heartbeat_set.sh");
/// Takes the service away, and what it has written.
pub(crate) const CLEAR: &str = include_str!("scripts/heartbeat_clear.sh");

/// Has signs of life written, or not. A host without storages writes none.
pub(crate) async fn set(
    shell: &dyn HostShell,
    wanted: bool,
    settings: &HostSettings,
) -> Result<Outcome, HostError> {
    let plan = &settings.heartbeat;
    let end = if wanted && !plan.paths.is_empty() {
        run(shell, SET, &input(plan)).await?
    } else {
        run(shell, CLEAR, "").await?
    };
    outcome(&end)
}

fn input(plan: &HeartbeatPlan) -> String {
    let mut text = format!("{}\n{}\n", plan.file, plan.interval.as_secs_f64());
    for path in &plan.paths {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{}/{HEARTBEAT_FOLDER}", path.trim_end_matches('/'));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_host_is_told_its_file_and_its_folders() {
        let plan = HeartbeatPlan {
            file: "7b5f".to_owned(),
            paths: vec!["/".to_owned(), "/var/lib/nova/instances/".to_owned()],
            interval: Duration::from_millis(2500),
        };
        let told = "7b5f\n2.5\n/.assay-heartbeats\n/var/lib/nova/instances/.assay-heartbeats\n";
        assert_eq!(input(&plan), told);
    }
}
