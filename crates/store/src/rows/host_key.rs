//! Rows of the table of host keys.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::schema::host_keys;

/// The host key that a power control's device showed first, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = host_keys)]
pub(crate) struct HostKeyRow {
    pub(crate) id: i64,
    pub(crate) power_control_id: i64,
    pub(crate) public_key: String,
}
