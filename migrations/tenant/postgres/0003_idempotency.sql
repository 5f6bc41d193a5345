-- What was asked under an Idempotency-Key in this business, and what was answered.

CREATE TABLE idempotency_keys (
    -- A user or an API key by its id: nobody gets what another one was answered.
    caller TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    -- A hash of what was asked.
    request TEXT COLLATE "C" NOT NULL,
    -- Which attempt at it this is: one that was given up for lost answers nothing any more.
    attempt TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    -- Sealed, because it may hold what is shown once; NULL while the request is under way.
    answer BYTEA,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (started_at);
