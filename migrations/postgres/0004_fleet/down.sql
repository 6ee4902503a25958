DROP INDEX nodes_held_by;
DROP INDEX tasks_lease_owner;
DROP TABLE node_waiters;
DROP TABLE leases;
DROP TABLE processes;
