-- Power actions of single outputs, which may feed no node, and of requests for many nodes. Every
-- action names the task that does it. An action outlives the power control that it was about.
ALTER TABLE power_actions ALTER COLUMN node_id DROP NOT NULL;
ALTER TABLE power_actions ADD COLUMN power_control_id BIGINT;
ALTER TABLE power_actions ADD COLUMN output TEXT COLLATE "C";
ALTER TABLE power_actions ADD COLUMN batch TEXT COLLATE "C";
DROP INDEX power_actions_node_id;
DROP INDEX power_actions_sent;
CREATE INDEX power_actions_node_id ON power_actions (node_id, id);
CREATE INDEX power_actions_power_control_id ON power_actions (power_control_id, id)
    WHERE power_control_id IS NOT NULL;
CREATE INDEX power_actions_batch ON power_actions (batch, id) WHERE batch IS NOT NULL;
