-- Copies of instances that tasks make. What the cloud is told to make (server, volumes) is JSON, recorded
-- before the cloud is told.
CREATE TABLE server_clones (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    task_uuid TEXT NOT NULL REFERENCES tasks (uuid) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    stage TEXT NOT NULL,
    server TEXT NOT NULL,
    volumes TEXT NOT NULL,
    cancelled_by TEXT,
    detail TEXT,
    changed_at TIMESTAMP NOT NULL,
    UNIQUE (task_uuid, position)
);
