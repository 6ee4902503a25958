-- Power actions of single outputs, which may feed no node, and of requests for many nodes. Every
-- action names the task that does it. An action outlives the power control that it was about.
CREATE TABLE power_actions_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT REFERENCES nodes (id) ON DELETE CASCADE,
    command TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    user_name TEXT NOT NULL,
    start_time TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    part_of TEXT,
    power_control_id BIGINT,
    output TEXT,
    batch TEXT
);
INSERT INTO power_actions_new (id, node_id, command, state, error, user_name, start_time,
    finished_at, part_of)
    SELECT id, node_id, command, state, error, user_name, start_time, finished_at, part_of
    FROM power_actions;
DROP TABLE power_actions;
ALTER TABLE power_actions_new RENAME TO power_actions;
CREATE INDEX power_actions_node_id ON power_actions (node_id, id);
CREATE INDEX power_actions_power_control_id ON power_actions (power_control_id, id)
    WHERE power_control_id IS NOT NULL;
CREATE INDEX power_actions_batch ON power_actions (batch, id) WHERE batch IS NOT NULL;
CREATE INDEX power_actions_open ON power_actions (node_id, id) WHERE finished_at IS NULL;
