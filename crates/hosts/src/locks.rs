//! Leases that dead hosts have left behind in sanlock's lockspaces, and lvmlockd's lockspaces that are
//! left of volume groups whose storage is gone.
//!
//! Whose lease is free to take is sanlock's to say: it is taken by `sanlock client command`, which goes
//! by sanlock's own algorithm (Disk Paxos), and given back at once. sanlock itself refuses when the
//! holder lives, or when the lease has changed hands since it was looked at, because the version that
//! was seen is asked for (sanlock(8), `RESOURCE:lver`). Nothing is ever written by hand. Beside that,
//! only leases are tried whose holders sanlock reports as DEAD: not those that it calls FAIL or UNKNOWN,
//! which may live, and not FREE ones, which have left by themselves.

use std::fmt::Write as _;
use std::time::Duration;

use assay_domain::host::HostShell;

use crate::leases::{Lease, Lockspace, VolumeGroup, leases, lockspaces, places, volume_groups};
use crate::{HostError, Outcome, run, run_for};

/// Prints what sanlock and lvmlockd know.
pub(crate) const READ: &str = include_str!("scripts/locks_read.sh");
/// Prints the leases at places; each line of standard input is an offset and a path.
pub(crate) const DUMP: &str = include_str!("scripts/locks_dump.sh");
/// Takes leases and gives them back; each line of standard input is one.
pub(crate) const RELEASE: &str = include_str!("scripts/locks_release.sh");
/// Has lvmlockd forget volume groups; each line of standard input is one, with its UUID.
pub(crate) const DROP: &str = include_str!("scripts/locks_drop.sh");

/// How long many leases may take, below the time limit of a task.
const LIMIT: Duration = Duration::from_mins(6);

/// Releases the leases of dead hosts, and drops lockspaces of lvmlockd that are left.
pub(crate) async fn repair(shell: &dyn HostShell) -> Result<Outcome, HostError> {
    let read = run(shell, READ, "").await?.printed;
    let spaces = lockspaces(&read);
    let mut done = Outcome::default();
    release(shell, &read, &spaces, &mut done).await?;
    drop_left(shell, &read, &spaces, &mut done).await?;
    if done.report.is_empty() {
        let text = format!(
            "no lease of a dead host in {} lockspaces of sanlock's",
            spaces.len()
        );
        done.report.push(text);
    }
    Ok(done)
}

async fn release(
    shell: &dyn HostShell,
    read: &str,
    spaces: &[Lockspace],
    done: &mut Outcome,
) -> Result<(), HostError> {
    let places = places(read);
    let (stale, shared) = stale(shell, &places, spaces).await?;
    for lease in shared {
        // sanlock forgets the dead one when somebody takes it alone.
        let text = "it is shared with others than dead hosts";
        done.report
            .push(format!("{} is left alone: {text}", lease.name()));
    }
    if stale.is_empty() {
        return Ok(());
    }
    let mut input = String::new();
    for lease in &stale {
        // Writing to a String does not fail.
        let _ = writeln!(input, "{}", lease.versioned());
    }
    let end = run_for(shell, RELEASE, &input, LIMIT).await?;
    let still = leases(&run_for(shell, DUMP, &places, LIMIT).await?.printed);
    let mut held = Vec::new();
    for lease in &stale {
        let refusal = refusal(&end.printed, lease);
        if let Some(text) = refusal.and_then(meaning) {
            done.report
                .push(format!("{} is left alone: {text}", lease.name()));
        } else if still.iter().any(|other| lease.is_still(other)) {
            let code = refusal.unwrap_or("without a complaint");
            held.push(format!("{} ({code})", lease.name()));
        } else {
            done.changed = true;
            done.report.push(format!(
                "released {}, held by {}",
                lease.name(),
                lease.holders()
            ));
        }
    }
    if !held.is_empty() {
        let text = format!("sanlock did not release {}", held.join(", "));
        done.incomplete = Some(HostError::Incomplete(text));
    }
    Ok(())
}

/// The leases at those places that are held by dead hosts only, and those that others share with them.
async fn stale(
    shell: &dyn HostShell,
    places: &str,
    spaces: &[Lockspace],
) -> Result<(Vec<Lease>, Vec<Lease>), HostError> {
    if places.is_empty() || !spaces.iter().any(Lockspace::has_dead) {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut found = leases(&run_for(shell, DUMP, places, LIMIT).await?.printed);
    found.retain(|lease| {
        spaces
            .iter()
            .any(|space| space.is_one_of_a_dead_host(lease))
    });
    // One place may be seen twice, from two lockspaces in it.
    found.sort();
    found.dedup();
    let is_stale = |lease: &Lease| spaces.iter().any(|space| space.lets_take(lease));
    Ok(found.into_iter().partition(is_stale))
}

/// What sanlock said to a lease that it did not give.
fn refusal<'a>(printed: &'a str, lease: &Lease) -> Option<&'a str> {
    let versioned = lease.versioned();
    printed.lines().find_map(|line| {
        let line = line.strip_prefix("refused ")?.strip_suffix(&versioned)?;
        Some(line.trim())
    })
}

/// What sanlock means by a refusal that is right (sanlock_rv.h): somebody alive holds the lease now.
fn meaning(code: &str) -> Option<&'static str> {
    match code {
        "-240" => Some("it has changed hands meanwhile"),
        "-243" => Some("sanlock finds its holder alive"),
        "-244" | "-245" => Some("another host has taken it meanwhile"),
        "-11" | "-246" => Some("another host shares it meanwhile"),
        _ => None,
    }
}

/// Has lvmlockd forget volume groups whose storage is gone (lvmlockd(8), "sanlock lease storage
/// failure"). lvmlockd itself would forget any: that it was told of the loss, that sanlock is out, and
/// that no volume is active is looked at here.
async fn drop_left(
    shell: &dyn HostShell,
    read: &str,
    spaces: &[Lockspace],
    done: &mut Outcome,
) -> Result<(), HostError> {
    let groups = volume_groups(read);
    let left: Vec<&VolumeGroup> = groups
        .iter()
        .filter(|group| group.is_left(spaces))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let mut input = String::new();
    for group in &left {
        // Writing to a String does not fail.
        let _ = writeln!(input, "{} {}", group.name, group.kernel_uuid());
    }
    let said = run(shell, DROP, &input).await?.printed;
    let now = volume_groups(&run(shell, READ, "").await?.printed);
    for group in left {
        let name = &group.name;
        if now.contains(group) {
            let active = |line: &str| {
                let (group, volume) = line.strip_prefix("active ")?.split_once(' ')?;
                (group == name).then(|| format!("{volume} is active"))
            };
            let why = said.lines().find_map(active);
            let why = why.unwrap_or_else(|| "lvmlockd still has it".to_owned());
            done.report.push(format!(
                "the lockspace of volume group {name} is left alone: {why}"
            ));
        } else {
            done.changed = true;
            done.report
                .push(format!("dropped the lockspace of volume group {name}"));
        }
    }
    Ok(())
}
