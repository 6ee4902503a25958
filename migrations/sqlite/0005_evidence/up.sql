-- What was seen of an introspection; repetitions are counted. detail is JSON.
CREATE TABLE introspection_evidence (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    introspection_id BIGINT NOT NULL REFERENCES introspections (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    count BIGINT NOT NULL,
    UNIQUE (introspection_id, kind, subject)
);
CREATE INDEX introspection_evidence_subject ON introspection_evidence (kind, subject);

-- What was seen of machines that fit no node; kept for a while.
CREATE TABLE stray_evidence (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    count BIGINT NOT NULL,
    UNIQUE (kind, subject)
);
CREATE INDEX stray_evidence_last_at ON stray_evidence (last_at);

-- The newest conclusion about an introspection: the phase that does not come, and why. findings is
-- JSON; cause is the key of the first of them.
CREATE TABLE introspection_diagnoses (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    introspection_id BIGINT NOT NULL UNIQUE REFERENCES introspections (id) ON DELETE CASCADE,
    phase TEXT NOT NULL,
    since TIMESTAMP NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    made_at TIMESTAMP,
    cause TEXT,
    findings TEXT NOT NULL
);
