//! Boot scripts: which machine was given one, for an introspection or for discovery.

use assay_domain::{IntrospectionState, Phase, Timestamp};
use chrono::TimeDelta;
use diesel::prelude::*;

use super::{Conn, introspections as introspection_queries, lock_discovery};
use crate::convert::naive;
use crate::fault::Outcome;
use crate::rows::{BootClaimRow, DiscoveryBootRow};
use crate::schema::{boot_claims, discovery_boots, held_reports, introspections};
use crate::{BootClaim, DiscoveryBoot, DiscoveryLimits, ScriptGiven};

/// Keeps the hash of the nonce of a boot script and whom it is given to, if the machine is awaited
/// and the nonce before it is still `before`.
pub(crate) fn give_script(
    connection: &mut Conn,
    id: i64,
    before: Option<&str>,
    nonce_hash: &str,
    claim: &BootClaim,
    now: Timestamp,
) -> Outcome<bool> {
    let waiting = introspections::table
        .filter(introspections::id.eq(id))
        .filter(introspections::state.eq(IntrospectionState::Waiting.as_str()));
    let kept = match before {
        Some(before) => diesel::update(waiting.filter(introspections::nonce_hash.eq(before)))
            .set(introspections::nonce_hash.eq(nonce_hash))
            .execute(connection)?,
        None => diesel::update(waiting.filter(introspections::nonce_hash.is_null()))
            .set(introspections::nonce_hash.eq(nonce_hash))
            .execute(connection)?,
    };
    if kept == 0 {
        return Ok(false);
    }
    introspection_queries::stamp(connection, id, Phase::BootScript, now)?;
    diesel::insert_into(boot_claims::table)
        .values((
            boot_claims::introspection_id.eq(id),
            boot_claims::mac.eq(&claim.mac),
            boot_claims::system_uuid.eq(&claim.system_uuid),
            boot_claims::serial.eq(&claim.serial),
            boot_claims::source.eq(&claim.source),
            boot_claims::first_at.eq(naive(now)),
            boot_claims::last_at.eq(naive(now)),
            boot_claims::requests.eq(1),
        ))
        .on_conflict(boot_claims::introspection_id)
        .do_update()
        .set((
            boot_claims::last_at.eq(naive(now)),
            boot_claims::requests.eq(boot_claims::requests + 1),
        ))
        .execute(connection)?;
    Ok(true)
}

/// The machine that was given the first boot script of an introspection.
pub(crate) fn of_introspection(connection: &mut Conn, id: i64) -> Outcome<Option<BootClaim>> {
    let row: Option<BootClaimRow> = boot_claims::table
        .filter(boot_claims::introspection_id.eq(id))
        .select(BootClaimRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(BootClaim::from))
}

/// Keeps the boot of an unknown machine, within the limits. A machine that boots again replaces its
/// earlier boot.
pub(crate) fn give_discovery(
    connection: &mut Conn,
    nonce_hash: &str,
    claim: &BootClaim,
    limits: DiscoveryLimits,
    now: Timestamp,
) -> Outcome<ScriptGiven> {
    lock_discovery(connection)?;
    let minute_ago = naive(now) - TimeDelta::minutes(1);
    let recent: i64 = discovery_boots::table
        .filter(discovery_boots::created_at.gt(minute_ago))
        .count()
        .get_result(connection)?;
    if recent >= limits.per_minute {
        return Ok(ScriptGiven::TooOften);
    }
    diesel::delete(discovery_boots::table)
        .filter(discovery_boots::created_at.le(minute_ago))
        .filter(discovery_boots::expires_at.le(naive(now)))
        .execute(connection)?;
    let taken = waiting(connection, &claim.mac, now)? + held(connection)?;
    if taken >= limits.max_waiting {
        return Ok(ScriptGiven::Full);
    }
    insert(connection, nonce_hash, claim, limits.expires, now)?;
    Ok(ScriptGiven::Given)
}

/// How many boots of other machines still wait for their report.
fn waiting(connection: &mut Conn, mac: &str, now: Timestamp) -> Outcome<i64> {
    Ok(discovery_boots::table
        .filter(discovery_boots::expires_at.gt(naive(now)))
        .filter(discovery_boots::node_uuid.is_null())
        .filter(discovery_boots::held_uuid.is_null())
        .filter(discovery_boots::mac.ne(mac))
        .count()
        .get_result(connection)?)
}

fn held(connection: &mut Conn) -> Outcome<i64> {
    Ok(held_reports::table
        .filter(held_reports::state.eq(assay_domain::HeldState::Held.as_str()))
        .count()
        .get_result(connection)?)
}

fn insert(
    connection: &mut Conn,
    nonce_hash: &str,
    claim: &BootClaim,
    expires: Timestamp,
    now: Timestamp,
) -> Outcome<()> {
    let facts = (
        discovery_boots::nonce_hash.eq(nonce_hash),
        discovery_boots::system_uuid.eq(&claim.system_uuid),
        discovery_boots::serial.eq(&claim.serial),
        discovery_boots::source.eq(&claim.source),
        discovery_boots::created_at.eq(naive(now)),
        discovery_boots::expires_at.eq(naive(expires)),
    );
    diesel::insert_into(discovery_boots::table)
        .values((discovery_boots::mac.eq(&claim.mac), facts))
        .on_conflict(discovery_boots::mac)
        .do_update()
        .set((
            facts,
            discovery_boots::node_uuid.eq(None::<String>),
            discovery_boots::held_uuid.eq(None::<String>),
        ))
        .execute(connection)?;
    Ok(())
}

/// The boot of an unknown machine that has this nonce and has not expired.
pub(crate) fn discovery_boot(
    connection: &mut Conn,
    nonce_hash: &str,
    now: Timestamp,
) -> Outcome<Option<DiscoveryBoot>> {
    let row: Option<DiscoveryBootRow> = discovery_boots::table
        .filter(discovery_boots::nonce_hash.eq(nonce_hash))
        .filter(discovery_boots::expires_at.gt(naive(now)))
        .select(DiscoveryBootRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(DiscoveryBoot::from))
}

/// Keeps what came of the report of a boot.
pub(crate) fn settle(
    connection: &mut Conn,
    boot: Option<i64>,
    node_uuid: Option<&str>,
    held_uuid: Option<&str>,
) -> Outcome<()> {
    if let Some(id) = boot {
        diesel::update(discovery_boots::table.find(id))
            .set((
                discovery_boots::node_uuid.eq(node_uuid),
                discovery_boots::held_uuid.eq(held_uuid),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Removes boots that have expired.
pub(crate) fn prune(connection: &mut Conn, now: Timestamp) -> Outcome<i64> {
    let removed = diesel::delete(discovery_boots::table)
        .filter(discovery_boots::expires_at.le(naive(now)))
        .execute(connection)?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}
