//! Evidence: kept with the introspection it belongs to, counted when it repeats, bounded.

use std::collections::HashMap;

use assay_domain::{About, Evidence, EvidenceKind, NewEvidence, Timestamp};
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Conn;
use crate::convert::{all, naive, to_json};
use crate::fault::Outcome;
use crate::rows::{EvidenceRow, StrayRow};
use crate::schema::{introspection_evidence as own, introspections, stray_evidence as stray};

/// Subjects that are kept of one kind for one introspection.
const SUBJECTS: i64 = 20;
/// Stray pieces of evidence that are kept in all, the newest ones.
const STRAYS: i64 = 2000;
/// Stray pieces of evidence that one diagnosis looks at, the newest ones.
const LOOKED_AT: i64 = 100;
/// Characters of a subject.
const SUBJECT_LENGTH: usize = 200;

/// Keeps evidence. What is about a nonce goes to the running introspection of the machine that was
/// given it.
pub(crate) fn record(connection: &mut Conn, pieces: &[NewEvidence]) -> Outcome<()> {
    let mut known = HashMap::new();
    let mut strays = false;
    for piece in pieces {
        let subject: String = piece.subject.chars().take(SUBJECT_LENGTH).collect();
        let introspection = match &piece.about {
            About::Introspection(id) => Some(*id),
            About::Nonce(hash) => match known.get(hash) {
                Some(found) => *found,
                None => *known
                    .entry(hash.clone())
                    .or_insert(by_nonce(connection, hash)?),
            },
            About::Stranger => None,
        };
        if let Some(id) = introspection {
            keep(connection, id, piece, &subject)?;
        } else {
            keep_stray(connection, piece, &subject)?;
            strays = true;
        }
    }
    if strays {
        bound(connection)?;
    }
    Ok(())
}

/// The running introspection of the node that was given a nonce, in this boot or an earlier one.
fn by_nonce(connection: &mut Conn, hash: &str) -> Outcome<Option<i64>> {
    let given: Option<i64> = introspections::table
        .filter(introspections::nonce_hash.eq(hash))
        .select(introspections::node_id)
        .first(connection)
        .optional()?;
    let given = match given {
        Some(node) => Some(node),
        None => own::table
            .inner_join(introspections::table.on(introspections::id.eq(own::introspection_id)))
            .filter(own::kind.eq(EvidenceKind::BootedAgain.as_str()))
            .filter(own::subject.eq(hash))
            .select(introspections::node_id)
            .first(connection)
            .optional()?,
    };
    let Some(node) = given else { return Ok(None) };
    Ok(introspections::table
        .filter(introspections::node_id.eq(node))
        .filter(introspections::is_current)
        .filter(introspections::finished_at.is_null())
        .select(introspections::id)
        .first(connection)
        .optional()?)
}

fn keep(connection: &mut Conn, id: i64, piece: &NewEvidence, subject: &str) -> Outcome<()> {
    let kind = piece.kind.as_str();
    let detail = to_json(&piece.detail)?;
    let same = own::table
        .filter(own::introspection_id.eq(id))
        .filter(own::kind.eq(kind));
    let counted = diesel::update(same.filter(own::subject.eq(subject)))
        .set((
            own::detail.eq(&detail),
            own::last_at.eq(naive(piece.at)),
            own::count.eq(own::count + piece.count),
        ))
        .execute(connection)?;
    if counted > 0 {
        return Ok(());
    }
    let kept: i64 = same.count().get_result(connection)?;
    let exists: Option<i64> = introspections::table
        .find(id)
        .select(introspections::id)
        .first(connection)
        .optional()?;
    if kept >= SUBJECTS || exists.is_none() {
        return Ok(());
    }
    diesel::insert_into(own::table)
        .values((
            own::introspection_id.eq(id),
            own::kind.eq(kind),
            own::subject.eq(subject),
            own::detail.eq(&detail),
            own::first_at.eq(naive(piece.at)),
            own::last_at.eq(naive(piece.at)),
            own::count.eq(piece.count),
        ))
        .on_conflict((own::introspection_id, own::kind, own::subject))
        .do_nothing()
        .execute(connection)?;
    Ok(())
}

fn keep_stray(connection: &mut Conn, piece: &NewEvidence, subject: &str) -> Outcome<()> {
    let detail = to_json(&piece.detail)?;
    diesel::insert_into(stray::table)
        .values((
            stray::kind.eq(piece.kind.as_str()),
            stray::subject.eq(subject),
            stray::detail.eq(&detail),
            stray::first_at.eq(naive(piece.at)),
            stray::last_at.eq(naive(piece.at)),
            stray::count.eq(piece.count),
        ))
        .on_conflict((stray::kind, stray::subject))
        .do_update()
        .set((
            stray::detail.eq(&detail),
            stray::last_at.eq(naive(piece.at)),
            stray::count.eq(stray::count + piece.count),
        ))
        .execute(connection)?;
    Ok(())
}

/// Removes the oldest stray evidence beyond what is kept.
fn bound(connection: &mut Conn) -> Outcome<()> {
    let oldest_kept: Option<NaiveDateTime> = stray::table
        .select(stray::last_at)
        .order(stray::last_at.desc())
        .offset(STRAYS)
        .first(connection)
        .optional()?;
    if let Some(oldest) = oldest_kept {
        diesel::delete(stray::table.filter(stray::last_at.le(oldest))).execute(connection)?;
    }
    Ok(())
}

/// All evidence of an introspection, in the order in which it was seen first.
pub(crate) fn of_introspection(connection: &mut Conn, id: i64) -> Outcome<Vec<Evidence>> {
    let rows: Vec<EvidenceRow> = own::table
        .filter(own::introspection_id.eq(id))
        .select(EvidenceRow::as_select())
        .order((own::first_at, own::id))
        .load(connection)?;
    all(rows)
}

/// The newest stray evidence since that time.
pub(crate) fn strays(connection: &mut Conn, since: Timestamp) -> Outcome<Vec<Evidence>> {
    let rows: Vec<StrayRow> = stray::table
        .filter(stray::last_at.ge(naive(since)))
        .select(StrayRow::as_select())
        .order((stray::last_at.desc(), stray::id))
        .limit(LOOKED_AT)
        .load(connection)?;
    all(rows)
}

/// Removes stray evidence that was not seen since that time; gives how much it was.
pub(crate) fn prune(connection: &mut Conn, before: Timestamp) -> Outcome<usize> {
    Ok(
        diesel::delete(stray::table.filter(stray::last_at.lt(naive(before))))
            .execute(connection)?,
    )
}
