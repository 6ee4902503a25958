-- From when on a waiting task must be announced to the workers; null: never.
ALTER TABLE tasks ADD COLUMN announce_at TIMESTAMP;
UPDATE tasks SET announce_at = claimable_at;
CREATE INDEX tasks_announce_at ON tasks (announce_at) WHERE announce_at IS NOT NULL;

-- A dead letter outlives its task, which it names by UUID and kind.
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    task_id BIGINT REFERENCES tasks (id) ON DELETE SET NULL,
    task_uuid TEXT,
    kind TEXT,
    class TEXT NOT NULL,
    body TEXT NOT NULL,
    reason TEXT NOT NULL,
    died_at TIMESTAMP NOT NULL,
    redelivered_at TIMESTAMP
);
CREATE INDEX dead_letters_task_id ON dead_letters (task_id);
CREATE INDEX dead_letters_redelivered_at ON dead_letters (redelivered_at);
