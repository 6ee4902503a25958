-- Instances that tasks move between hosts of a cloud, each recorded before the cloud is told.
CREATE TABLE instance_moves (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    task_uuid TEXT NOT NULL REFERENCES tasks (uuid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    instance_uuid TEXT NOT NULL,
    instance_name TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT,
    methods TEXT NOT NULL,
    state TEXT NOT NULL,
    after_migration BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    detail TEXT,
    changed_at TIMESTAMP NOT NULL,
    UNIQUE (task_uuid, position)
);

-- Hosts that tasks empty, switch off or restart.
CREATE TABLE host_progress (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    task_uuid TEXT NOT NULL REFERENCES tasks (uuid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    host TEXT NOT NULL,
    stage TEXT NOT NULL,
    was_enabled BOOLEAN NOT NULL,
    cancelled_by TEXT,
    detail TEXT,
    changed_at TIMESTAMP NOT NULL,
    UNIQUE (task_uuid, position)
);

-- Audits of how the load of aggregates' hosts could be levelled.
CREATE TABLE audits (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    aggregate_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    task_uuid TEXT NOT NULL,
    found TEXT,
    error TEXT,
    requested_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
