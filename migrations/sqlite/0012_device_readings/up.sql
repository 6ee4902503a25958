-- What was read last of each aspect of a node's device, and the task that asked last.
CREATE TABLE device_readings (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    aspect TEXT NOT NULL,
    task_uuid TEXT NOT NULL,
    facts TEXT,
    observed_at TIMESTAMP,
    UNIQUE (node_id, aspect)
);
