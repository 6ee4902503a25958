-- Who is at a device now, at what pace it may be asked, and which logins ended without a word.
CREATE TABLE gates (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    power_control_id BIGINT NOT NULL UNIQUE REFERENCES power_controls (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    holder TEXT,
    held_until TIMESTAMP,
    next_at TIMESTAMP,
    full_at TIMESTAMP,
    lost_at TIMESTAMP,
    open_logins INTEGER NOT NULL,
    open_since TIMESTAMP
);

-- What was read last of the power of each node that has a power control, and when it is read next.
CREATE TABLE power_observations (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL UNIQUE REFERENCES nodes (id) ON DELETE CASCADE,
    state TEXT,
    observed_at TIMESTAMP,
    misses INTEGER NOT NULL,
    error TEXT,
    missed_since TIMESTAMP,
    next_at TIMESTAMP NOT NULL
);
CREATE INDEX power_observations_next_at ON power_observations (next_at);
INSERT INTO power_observations (node_id, misses, next_at)
    SELECT DISTINCT node_id, 0, '1970-01-01 00:00:00' FROM node_power_controls;

CREATE INDEX power_actions_open ON power_actions (node_id, id) WHERE finished_at IS NULL;
