-- What each node's machine was by its last processed report: one row for each fact.
CREATE TABLE node_fingerprints (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    place TEXT,
    seen_at TIMESTAMP NOT NULL
);
CREATE INDEX node_fingerprints_node_id ON node_fingerprints (node_id);
CREATE INDEX node_fingerprints_value ON node_fingerprints (value, kind, node_id);

-- The machine that was given the boot script of an introspection.
CREATE TABLE boot_claims (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    introspection_id BIGINT NOT NULL UNIQUE REFERENCES introspections (id) ON DELETE CASCADE,
    mac TEXT NOT NULL,
    system_uuid TEXT,
    serial TEXT,
    source TEXT,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    requests BIGINT NOT NULL
);

-- Unknown machines that were given a boot script; node_uuid or held_uuid is what came of the report.
CREATE TABLE discovery_boots (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    nonce_hash TEXT NOT NULL UNIQUE,
    mac TEXT NOT NULL UNIQUE,
    system_uuid TEXT,
    serial TEXT,
    source TEXT,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    node_uuid TEXT,
    held_uuid TEXT
);
CREATE INDEX discovery_boots_created_at ON discovery_boots (created_at);
CREATE INDEX discovery_boots_expires_at ON discovery_boots (expires_at);

-- Reports that fit no node for certain; raw is JSON, compressed with zstd.
CREATE TABLE held_reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    machine_key TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    facts TEXT NOT NULL,
    candidates TEXT NOT NULL,
    source TEXT,
    received_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    count BIGINT NOT NULL,
    size BIGINT NOT NULL,
    raw BLOB NOT NULL,
    decided_by TEXT,
    decided_at TIMESTAMP,
    node_uuid TEXT
);
CREATE UNIQUE INDEX held_reports_machine_key ON held_reports (machine_key) WHERE state = 'held';
CREATE INDEX held_reports_last_at ON held_reports (last_at);

CREATE TABLE alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    node_id BIGINT REFERENCES nodes (id) ON DELETE SET NULL,
    text TEXT NOT NULL,
    evidence TEXT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    count BIGINT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at TIMESTAMP
);
CREATE UNIQUE INDEX alarms_open_subject ON alarms (kind, subject) WHERE acknowledged_at IS NULL;
CREATE INDEX alarms_node_id ON alarms (node_id);
