-- The open sessions of nodes' operating systems with iSCSI targets, when they were looked at last: a JSON
-- object of arrays of names, by portal.
CREATE TABLE host_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL UNIQUE REFERENCES nodes (id) ON DELETE CASCADE,
    targets TEXT NOT NULL,
    seen_at TIMESTAMP NOT NULL
);
