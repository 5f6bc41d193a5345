-- What plugins reach beside conversations and the shop: tickets, records of their own, counters.

-- What people of the business have to see to.
CREATE TABLE tickets (
    id TEXT PRIMARY KEY,
    -- What people call it.
    code TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    service_point_id TEXT NOT NULL,
    -- Who opened it.
    plugin_id TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
    status TEXT NOT NULL CHECK (status IN ('NEW', 'IN_PROGRESS', 'RESOLVED', 'CLOSED')),
    assignee_id TEXT,
    -- Opened in the simulator.
    is_test BOOLEAN NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX tickets_by_time ON tickets (created_at, id);
CREATE INDEX tickets_by_customer ON tickets (customer_id, created_at);

CREATE TABLE ticket_events (
    id TEXT PRIMARY KEY,
    ticket_id TEXT NOT NULL REFERENCES tickets (id),
    kind TEXT NOT NULL CHECK (kind IN ('opened', 'comment', 'status', 'assigned')),
    -- A person by their id, or a plugin.
    actor TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX ticket_events_by_ticket ON ticket_events (ticket_id, created_at, id);

-- Documents of the collections that plugins declare as their own.
CREATE TABLE plugin_records (
    plugin_id TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, collection, id)
);

-- Their fields of the first level, to filter and to sort by: a text, or a number, which of a truth is 0 or 1. JSON cannot be asked for
-- them, for the two engines do that in different words.
CREATE TABLE plugin_record_fields (
    plugin_id TEXT NOT NULL,
    collection TEXT NOT NULL,
    field TEXT NOT NULL,
    id TEXT NOT NULL,
    -- Its first 500 characters.
    text TEXT,
    number DOUBLE PRECISION,
    PRIMARY KEY (plugin_id, collection, field, id)
) WITHOUT ROWID;
CREATE INDEX plugin_record_fields_by_text ON plugin_record_fields (plugin_id, collection, field, text);
CREATE INDEX plugin_record_fields_by_number ON plugin_record_fields (plugin_id, collection, field, number);

-- What plugins count, 32 names each at most.
CREATE TABLE plugin_counters (
    plugin_id TEXT NOT NULL,
    metric TEXT NOT NULL,
    value BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, metric)
) WITHOUT ROWID;
