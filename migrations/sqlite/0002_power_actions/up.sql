CREATE TABLE power_actions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    command TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    user_name TEXT NOT NULL,
    start_time TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);
CREATE INDEX power_actions_node_id ON power_actions (node_id);

-- The newest report of a node, and the ones that are too many.
CREATE INDEX reports_node_id ON reports (node_id, id);
