-- How the operating systems of nodes are reached over SSH, where they differ from the configured way.
CREATE TABLE host_access (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL UNIQUE REFERENCES nodes (id) ON DELETE CASCADE,
    address TEXT,
    port INTEGER,
    snmp_port INTEGER,
    host_key TEXT NOT NULL
);

-- What has been set on the operating systems of nodes, as a JSON array, and whether Assay keeps it so.
CREATE TABLE host_settings (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL UNIQUE REFERENCES nodes (id) ON DELETE CASCADE,
    is_kept BOOLEAN NOT NULL,
    actions TEXT NOT NULL,
    kept_at TIMESTAMP
);
