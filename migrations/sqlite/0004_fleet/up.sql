-- Processes that serve or work; one that has not been seen for a while is dead.
CREATE TABLE processes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    version TEXT NOT NULL,
    url TEXT,
    queue TEXT NOT NULL,
    slots BIGINT NOT NULL,
    admission TEXT,
    started_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL
);

-- What only one process of the fleet may do at a time.
CREATE TABLE leases (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    acquired_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

-- Tasks that wait for a node which another task holds, in the order of their ids.
CREATE TABLE node_waiters (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    task_uuid TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    since TIMESTAMP NOT NULL
);
CREATE INDEX node_waiters_node_id ON node_waiters (node_id, id);

-- What each process holds, and which nodes are held.
CREATE INDEX tasks_lease_owner ON tasks (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX nodes_held_by ON nodes (held_by) WHERE held_by IS NOT NULL;

-- The task that a power action is a part of, which ends it.
ALTER TABLE power_actions ADD COLUMN part_of TEXT;
CREATE INDEX power_actions_sent ON power_actions (part_of) WHERE state = 'sent';
