-- cursor_id is the last report that was looked at, up_to the last one there was at the start.
CREATE TABLE dry_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    task_id BIGINT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    rules TEXT NOT NULL,
    reports TEXT NOT NULL,
    scope TEXT,
    state TEXT NOT NULL,
    error TEXT,
    up_to BIGINT NOT NULL,
    cursor_id BIGINT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    counts TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    finished_at TIMESTAMP
);
CREATE INDEX dry_runs_task_id ON dry_runs (task_id);

-- trace is JSON, compressed with zstd. Reports and nodes may go while what was said of them stays.
CREATE TABLE dry_run_results (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    dry_run_id BIGINT NOT NULL REFERENCES dry_runs (id) ON DELETE CASCADE,
    report_id BIGINT NOT NULL,
    node_uuid TEXT NOT NULL,
    trace BLOB NOT NULL
);
CREATE INDEX dry_run_results_dry_run_id ON dry_run_results (dry_run_id, id);
CREATE INDEX dry_run_results_node_uuid ON dry_run_results (dry_run_id, node_uuid);
