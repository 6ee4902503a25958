DROP INDEX reports_node_id;
DROP TABLE power_actions;
