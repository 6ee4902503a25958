-- The SSH host keys that were trusted at first use, one for each power control, as OpenSSH writes them.
CREATE TABLE host_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    power_control_id BIGINT NOT NULL UNIQUE REFERENCES power_controls (id) ON DELETE CASCADE,
    public_key TEXT NOT NULL
);
