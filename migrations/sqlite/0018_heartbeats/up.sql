-- Nodes whose hosts' signs of life on their availability storages are watched, and what is known of them.
-- `beats` is JSON, one entry per storage; `task_uuid` is the evacuation that silence has led to.
CREATE TABLE heartbeats (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL UNIQUE REFERENCES nodes (id) ON DELETE CASCADE,
    beats TEXT NOT NULL,
    verdict TEXT,
    task_uuid TEXT
);
