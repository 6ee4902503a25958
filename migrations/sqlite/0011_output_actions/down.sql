CREATE TABLE power_actions_old (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    command TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    user_name TEXT NOT NULL,
    start_time TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    part_of TEXT
);
INSERT INTO power_actions_old (id, node_id, command, state, error, user_name, start_time,
    finished_at, part_of)
    SELECT id, node_id, command, state, error, user_name, start_time, finished_at, part_of
    FROM power_actions WHERE node_id IS NOT NULL;
DROP TABLE power_actions;
ALTER TABLE power_actions_old RENAME TO power_actions;
CREATE INDEX power_actions_node_id ON power_actions (node_id);
CREATE INDEX power_actions_sent ON power_actions (part_of) WHERE state = 'sent';
CREATE INDEX power_actions_open ON power_actions (node_id, id) WHERE finished_at IS NULL;
