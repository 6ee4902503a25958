-- Tokens that were revoked before their end; a row may go once its token would have ended anyway.
CREATE TABLE revoked_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    token_id TEXT NOT NULL UNIQUE,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX revoked_tokens_expires_at ON revoked_tokens (expires_at);
