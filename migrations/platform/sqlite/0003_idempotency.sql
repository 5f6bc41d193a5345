-- What was asked under an Idempotency-Key by people who act in no business, and what was answered. Each cell has a table like this.

CREATE TABLE idempotency_keys (
    -- A user or an API key by its id: nobody gets what another one was answered.
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    -- A hash of what was asked.
    request TEXT NOT NULL,
    -- Which attempt at it this is: one that was given up for lost answers nothing any more.
    attempt TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    -- Sealed, because it may hold what is shown once; NULL while the request is under way.
    answer BLOB,
    PRIMARY KEY (caller, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (started_at);
