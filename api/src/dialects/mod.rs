//! The dialects: one room each, and the table of which path belongs to whom.

pub(crate) mod assay;
pub(crate) mod cloudmanager;
pub(crate) mod inspector;
pub(crate) mod keystone;

use assay_app::Clock;
use assay_domain::Timestamp;
use rocket::Route;

use crate::fault::Shape;

/// First segments and the dialect that answers under them; the first match counts.
const ROOMS: [(&[&str], &Shape); 4] = [
    (cloudmanager::PREFIXES, &cloudmanager::fault::SHAPE),
    (keystone::PREFIXES, &keystone::fault::SHAPE),
    (assay::PREFIXES, &assay::fault::SHAPE),
    (inspector::PREFIXES, &inspector::fault::SHAPE),
];

/// How errors under a path are told; what belongs to nobody is told as the inspector does.
pub(crate) fn shape_of(path: &str) -> &'static Shape {
    ROOMS
        .iter()
        .find(|(prefixes, _)| prefixes.iter().any(|prefix| is_under(path, prefix)))
        .map_or(&inspector::fault::SHAPE, |(_, shape)| shape)
}

/// How old something of that time is, in whole seconds.
pub(crate) fn age(time: Timestamp) -> i64 {
    (Clock.now() - time).num_seconds().max(0)
}

/// The routes of all dialects.
pub(crate) fn routes() -> Vec<Route> {
    let rooms = [
        inspector::routes(),
        cloudmanager::routes(),
        keystone::routes(),
        assay::routes(),
    ];
    rooms.into_iter().flatten().collect()
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use assay_domain::Dialect;

    use super::shape_of;

    #[test]
    fn every_path_speaks_its_own_dialect() {
        let cases = [
            ("/", Dialect::Inspector),
            ("/v1", Dialect::Inspector),
            ("/v1/introspection/x", Dialect::Inspector),
            ("/v1/nonsense", Dialect::Inspector),
            ("/nonsense", Dialect::Inspector),
            ("/v1/nodes", Dialect::CloudManager),
            ("/v1/nodes/", Dialect::CloudManager),
            ("/v1/nodes/1/power-actions", Dialect::CloudManager),
            ("/v1/nodesnot", Dialect::Inspector),
            ("/v1/tasks/x", Dialect::CloudManager),
            ("/v1/info", Dialect::CloudManager),
            ("/v1/node-classes/1/types/", Dialect::CloudManager),
            ("/v1/node-images/count", Dialect::CloudManager),
            ("/v1/availability-storages", Dialect::CloudManager),
            ("/v3/auth/tokens", Dialect::Assay),
            ("/assay/v1/boot/ipxe", Dialect::Assay),
            ("/healthz", Dialect::Assay),
        ];
        for (path, dialect) in cases {
            assert_eq!(shape_of(path).dialect, dialect, "{path}");
        }
    }
}
