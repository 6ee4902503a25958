//! Rows of the tables that tell machines apart: fingerprints, boot claims, boots of unknown machines.

use assay_domain::Fact;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::{boot_claims, discovery_boots, node_fingerprints};
use crate::{BootClaim, DiscoveryBoot};

/// A fact of a node's machine.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = node_fingerprints)]
pub(crate) struct FingerprintRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) place: Option<String>,
    pub(crate) seen_at: NaiveDateTime,
}

impl TryFrom<FingerprintRow> for Fact {
    type Error = Fault;

    fn try_from(row: FingerprintRow) -> Outcome<Self> {
        Ok(Self {
            kind: parse(&row.kind)?,
            value: row.value,
            place: row.place,
        })
    }
}

/// The machine that was given the boot script of an introspection.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = boot_claims)]
pub(crate) struct BootClaimRow {
    pub(crate) id: i64,
    pub(crate) introspection_id: i64,
    pub(crate) mac: String,
    pub(crate) system_uuid: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) first_at: NaiveDateTime,
    pub(crate) last_at: NaiveDateTime,
    pub(crate) requests: i64,
}

impl From<BootClaimRow> for BootClaim {
    fn from(row: BootClaimRow) -> Self {
        Self {
            mac: row.mac,
            system_uuid: row.system_uuid,
            serial: row.serial,
            source: row.source,
        }
    }
}

/// A boot of an unknown machine.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = discovery_boots)]
pub(crate) struct DiscoveryBootRow {
    pub(crate) id: i64,
    pub(crate) nonce_hash: String,
    pub(crate) mac: String,
    pub(crate) system_uuid: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) created_at: NaiveDateTime,
    pub(crate) expires_at: NaiveDateTime,
    pub(crate) node_uuid: Option<String>,
    pub(crate) held_uuid: Option<String>,
}

impl From<DiscoveryBootRow> for DiscoveryBoot {
    fn from(row: DiscoveryBootRow) -> Self {
        Self {
            id: row.id,
            claim: BootClaim {
                mac: row.mac,
                system_uuid: row.system_uuid,
                serial: row.serial,
                source: row.source,
            },
            expires_at: utc(row.expires_at),
            node_uuid: row.node_uuid,
            held_uuid: row.held_uuid,
        }
    }
}
