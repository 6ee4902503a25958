//! Times as the services write them.

use chrono::{DateTime, Utc};

/// A moment; the whole simulator has one clock, which its callers hand in.
pub(in crate::openstack) type Moment = DateTime<Utc>;

/// As Nova writes when a server was created: to the second, with a zone.
pub(in crate::openstack) fn seconds(moment: Moment) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// As the services write most times: to the microsecond, without a zone.
pub(in crate::openstack) fn micros(moment: Moment) -> String {
    moment.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}
