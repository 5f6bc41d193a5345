-- Who did what in this business; no content. What was done to its people is in the platform's audit_log.

CREATE TABLE audit_log (
    id TEXT PRIMARY KEY,
    -- A user or an API key by its id, or the name of a command.
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    -- What it was done to, by its id.
    subject TEXT,
    created_at BIGINT NOT NULL
);
