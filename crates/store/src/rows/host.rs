//! Rows of the tables of hosts.

use assay_domain::host::{HostAccess, HostSessions, KeptSettings};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::{host_access, host_sessions, host_settings};

/// How a node's operating system is reached, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = host_access)]
pub(crate) struct HostAccessRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) address: Option<String>,
    pub(crate) port: Option<i32>,
    pub(crate) snmp_port: Option<i32>,
    pub(crate) host_key: String,
}

impl From<HostAccessRow> for HostAccess {
    fn from(row: HostAccessRow) -> Self {
        let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
        Self {
            node_id: row.node_id,
            address: row.address,
            port: port(row.port),
            snmp_port: port(row.snmp_port),
            host_key: row.host_key,
        }
    }
}

/// What was set on a node's operating system, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = host_settings)]
pub(crate) struct HostSettingsRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) is_kept: bool,
    pub(crate) actions: String,
    pub(crate) kept_at: Option<NaiveDateTime>,
}

impl TryFrom<HostSettingsRow> for KeptSettings {
    type Error = Fault;

    fn try_from(row: HostSettingsRow) -> Outcome<Self> {
        Ok(Self {
            is_kept: row.is_kept,
            settings: from_json(&row.actions)?,
            kept_at: row.kept_at.map(utc),
        })
    }
}

/// The open sessions of a node's operating system with iSCSI targets, as they are stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = host_sessions)]
pub(crate) struct HostSessionsRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) targets: String,
    pub(crate) seen_at: NaiveDateTime,
}

impl TryFrom<HostSessionsRow> for HostSessions {
    type Error = Fault;

    fn try_from(row: HostSessionsRow) -> Outcome<Self> {
        Ok(Self {
            targets: from_json(&row.targets)?,
            seen_at: utc(row.seen_at),
        })
    }
}
