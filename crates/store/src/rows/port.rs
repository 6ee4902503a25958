//! Rows of the table of ports.

use assay_domain::Port;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::from_json;
use crate::fault::{Fault, Outcome};
use crate::schema::ports;

/// A port as it is stored; the address in lower case with colons.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = ports)]
pub(crate) struct PortRow {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) node_id: i64,
    pub(crate) address: String,
    pub(crate) pxe_enabled: bool,
    pub(crate) local_link_connection: String,
    pub(crate) extra: String,
}

impl TryFrom<PortRow> for Port {
    type Error = Fault;

    fn try_from(row: PortRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            node_id: row.node_id,
            address: row.address,
            pxe_enabled: row.pxe_enabled,
            local_link_connection: from_json(&row.local_link_connection)?,
            extra: from_json(&row.extra)?,
        })
    }
}
