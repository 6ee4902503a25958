DROP INDEX power_actions_sent;
ALTER TABLE power_actions DROP COLUMN part_of;
DROP INDEX nodes_held_by;
DROP INDEX tasks_lease_owner;
DROP TABLE node_waiters;
DROP TABLE leases;
DROP TABLE processes;
