-- What plugins reach beside conversations and the shop: tickets, records of their own, counters.

-- What people of the business have to see to.
CREATE TABLE tickets (
    id TEXT COLLATE "C" PRIMARY KEY,
    -- What people call it.
    code TEXT COLLATE "C" NOT NULL UNIQUE,
    conversation_id TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C" NOT NULL,
    service_point_id TEXT COLLATE "C" NOT NULL,
    -- Who opened it.
    plugin_id TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    priority TEXT COLLATE "C" NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
    status TEXT COLLATE "C" NOT NULL CHECK (status IN ('NEW', 'IN_PROGRESS', 'RESOLVED', 'CLOSED')),
    assignee_id TEXT COLLATE "C",
    -- Opened in the simulator.
    is_test BOOLEAN NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX tickets_by_time ON tickets (created_at, id);
CREATE INDEX tickets_by_customer ON tickets (customer_id, created_at);

CREATE TABLE ticket_events (
    id TEXT COLLATE "C" PRIMARY KEY,
    ticket_id TEXT COLLATE "C" NOT NULL REFERENCES tickets (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('opened', 'comment', 'status', 'assigned')),
    -- A person by their id, or a plugin.
    actor TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX ticket_events_by_ticket ON ticket_events (ticket_id, created_at, id);

-- Documents of the collections that plugins declare as their own.
CREATE TABLE plugin_records (
    plugin_id TEXT COLLATE "C" NOT NULL,
    collection TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, collection, id)
);

-- Their fields of the first level, to filter and to sort by: a text, or a number, which of a truth is 0 or 1. JSON cannot be asked for
-- them, for the two engines do that in different words.
CREATE TABLE plugin_record_fields (
    plugin_id TEXT COLLATE "C" NOT NULL,
    collection TEXT COLLATE "C" NOT NULL,
    field TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    -- Its first 500 characters.
    text TEXT COLLATE "C",
    number DOUBLE PRECISION,
    PRIMARY KEY (plugin_id, collection, field, id)
);
CREATE INDEX plugin_record_fields_by_text ON plugin_record_fields (plugin_id, collection, field, text);
CREATE INDEX plugin_record_fields_by_number ON plugin_record_fields (plugin_id, collection, field, number);

-- What plugins count, 32 names each at most.
CREATE TABLE plugin_counters (
    plugin_id TEXT COLLATE "C" NOT NULL,
    metric TEXT COLLATE "C" NOT NULL,
    value BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, metric)
);
