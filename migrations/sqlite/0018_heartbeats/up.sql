-- What is known of the signs of life that nodes' hosts write to their availability storages. `beats` is JSON,
-- one entry per storage; `task_uuid` is the evacuation that silence has led to.
CREATE TABLE heartbeats (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL UNIQUE REFERENCES nodes (id) ON DELETE CASCADE,
    beats TEXT NOT NULL,
    verdict TEXT,
    task_uuid TEXT
);
