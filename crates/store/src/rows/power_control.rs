//! Rows of the tables of power controls and of their assignments to nodes.

use assay_domain::PowerControl;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, utc};
use crate::fault::Outcome;
use crate::keys::{Keyring, Place};
use crate::schema::{node_power_controls, power_controls};

/// A power control as it is stored; `password` and `ssh_key` are encrypted.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = power_controls)]
pub(crate) struct PowerControlRow {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) control_type: String,
    pub(crate) protocol_type: String,
    pub(crate) host: String,
    pub(crate) host_key: String,
    pub(crate) port_number: i32,
    pub(crate) login: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) ssh_key: Option<String>,
    pub(crate) settings: String,
    pub(crate) refused: Option<String>,
    pub(crate) time_created: NaiveDateTime,
    pub(crate) time_updated: Option<NaiveDateTime>,
}

impl PowerControlRow {
    /// The power control with its secrets decrypted.
    pub(crate) fn open(self, keys: &Keyring) -> Outcome<PowerControl> {
        let open = |column, sealed: Option<String>| {
            sealed
                .map(|sealed| keys.open(&Place::power_control(column, self.id), &sealed))
                .transpose()
        };
        Ok(PowerControl {
            password: open("password", self.password)?,
            ssh_key: open("ssh_key", self.ssh_key)?,
            id: self.id,
            title: self.title,
            control_type: self.control_type,
            protocol_type: self.protocol_type,
            host: self.host,
            port_number: self.port_number,
            login: self.login,
            settings: from_json(&self.settings)?,
            refused: self.refused,
            time_created: utc(self.time_created),
            time_updated: self.time_updated.map(utc),
        })
    }
}

/// What is set at a power control; `None` leaves a column as it is.
#[allow(
    clippy::option_option,
    reason = "Diesel: leave the column, set it to null, or to a value"
)]
#[derive(AsChangeset)]
#[diesel(table_name = power_controls)]
pub(crate) struct PowerControlChanges {
    pub(crate) title: Option<String>,
    pub(crate) control_type: Option<String>,
    pub(crate) protocol_type: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) host_key: Option<String>,
    pub(crate) port_number: Option<i32>,
    pub(crate) login: Option<Option<String>>,
    pub(crate) password: Option<Option<String>>,
    pub(crate) ssh_key: Option<Option<String>>,
    pub(crate) settings: Option<String>,
    pub(crate) refused: Option<Option<String>>,
    pub(crate) time_updated: Option<NaiveDateTime>,
}

/// An assignment of a power control to a node as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = node_power_controls)]
pub(crate) struct AssignmentRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) power_control_id: i64,
    pub(crate) port: String,
    pub(crate) is_default: bool,
    pub(crate) is_initialized: bool,
}
