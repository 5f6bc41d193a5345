-- Who did what in this business; no content. What was done to its people is in the platform's audit_log.

CREATE TABLE audit_log (
    id TEXT COLLATE "C" PRIMARY KEY,
    -- A user or an API key by its id, or the name of a command.
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    -- What it was done to, by its id.
    subject TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);
