-- One business's own tables. Tables that every message touches carry no foreign keys: their writer makes the rows they point to
-- in the same transaction.

CREATE TABLE business (
    id TEXT PRIMARY KEY CHECK (id = 'business'),
    name TEXT NOT NULL,
    industry TEXT,
    description TEXT,
    currency TEXT NOT NULL DEFAULT 'ARS',
    locale TEXT NOT NULL DEFAULT 'es',
    bot_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    -- Raised by every change of service points, channels and plugins: whoever keeps those in memory reads them again.
    config_version BIGINT NOT NULL DEFAULT 1
);

CREATE TABLE service_points (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    phone_number TEXT,
    whatsapp_status TEXT NOT NULL DEFAULT 'DISCONNECTED' CHECK (whatsapp_status IN ('CONNECTED', 'CONNECTING', 'DISCONNECTED')),
    last_qr_at BIGINT,
    time_zone TEXT NOT NULL,
    -- {"mon": [["09:00", "18:00"]], …}; an empty object is always open.
    opening_hours TEXT NOT NULL,
    locale TEXT,
    bot_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    -- Messages that arrive within so many milliseconds are answered together; 0 answers each.
    burst_ms BIGINT NOT NULL DEFAULT 0,
    uncertain_policy TEXT NOT NULL DEFAULT 'ask' CHECK (uncertain_policy IN ('ask', 'resend')),
    created_at BIGINT NOT NULL
);

CREATE TABLE channels (
    id TEXT PRIMARY KEY,
    service_point_id TEXT NOT NULL REFERENCES service_points (id),
    kind TEXT NOT NULL CHECK (kind IN ('cloud_api', 'linked', 'builderbot', 'simulator')),
    state TEXT NOT NULL CHECK (state IN ('active', 'pending', 'paused', 'stopped')),
    -- Why it is not active, for people.
    cause TEXT,
    paused_until BIGINT,
    phone_number_id TEXT UNIQUE,
    waba_id TEXT,
    -- Sealed with the tenant's key.
    access_token BLOB,
    app_secret BLOB,
    last_inbound_at BIGINT,
    last_outbound_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE customers (
    id TEXT PRIMARY KEY,
    name TEXT,
    phone TEXT,
    locale TEXT,
    attributes TEXT NOT NULL,
    merged_into TEXT,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE customer_aliases (
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kind, scope, value)
) WITHOUT ROWID;
CREATE INDEX customer_aliases_by_customer ON customer_aliases (customer_id);

CREATE TABLE customer_addresses (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    text TEXT NOT NULL,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX customer_addresses_by_customer ON customer_addresses (customer_id, created_at);

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    service_point_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- Where replies go: the alias that the customer wrote from last.
    peer_kind TEXT NOT NULL,
    peer TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'BOT' CHECK (status IN ('BOT', 'HUMAN')),
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'snoozed', 'resolved')),
    bot_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    assignee_id TEXT,
    -- Raised whenever the conversation changes hands; a turn that began under another epoch is void.
    epoch BIGINT NOT NULL DEFAULT 0,
    -- Numbers what is said, in the order in which it was received or committed.
    seq BIGINT NOT NULL DEFAULT 0,
    unread BIGINT NOT NULL DEFAULT 0,
    labels TEXT NOT NULL,
    last_inbound_at BIGINT,
    last_message_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (channel_id, customer_id)
) WITHOUT ROWID;
CREATE INDEX conversations_by_service_point ON conversations (service_point_id, last_message_at);

-- What a flow keeps between two messages of a conversation, by the flow's id; and the choices that were offered last.
CREATE TABLE customer_sessions (
    conversation_id TEXT PRIMARY KEY,
    states TEXT NOT NULL,
    offered TEXT NOT NULL,
    updated_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('IN', 'OUT')),
    sender TEXT NOT NULL CHECK (sender IN ('CUSTOMER', 'BOT', 'AGENT')),
    author_id TEXT,
    content TEXT NOT NULL,
    provider_id TEXT,
    quotes TEXT,
    state TEXT NOT NULL,
    problem TEXT,
    -- What a line of the bot stands on.
    evidence TEXT,
    turn_id TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (conversation_id, seq)
) WITHOUT ROWID;
CREATE INDEX messages_by_provider_id ON messages (provider_id) WHERE provider_id IS NOT NULL;

-- What else happened in a conversation: who took it, notes, proposals, failures.
CREATE TABLE conversation_events (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX conversation_events_by_conversation ON conversation_events (conversation_id, seq);

CREATE TABLE turns (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'superseded', 'joined', 'dead')),
    attempts BIGINT NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL,
    plugin_id TEXT,
    plugin_version TEXT,
    error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
) WITHOUT ROWID;
CREATE INDEX turns_pending ON turns (conversation_id, seq) WHERE state = 'pending';
CREATE INDEX turns_dead ON turns (finished_at) WHERE state = 'dead';

-- What waits to be sent, by the message's id, which is also what the provider hands back in statuses.
CREATE TABLE outbox (
    message_id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    turn_id TEXT,
    seq BIGINT NOT NULL,
    sender TEXT NOT NULL CHECK (sender IN ('BOT', 'AGENT')),
    epoch BIGINT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'uncertain', 'sent', 'failed', 'cancelled')),
    attempts BIGINT NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL,
    first_tried_at BIGINT,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX outbox_waiting ON outbox (conversation_id, seq) WHERE state IN ('pending', 'sending', 'uncertain');

-- Statuses of messages that were not marked as sent yet; applied when they are.
CREATE TABLE early_statuses (
    provider_id TEXT NOT NULL,
    state TEXT NOT NULL,
    problem TEXT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (provider_id, state)
) WITHOUT ROWID;

CREATE TABLE timers (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    plugin_id TEXT NOT NULL,
    name TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (conversation_id, plugin_id, name)
) WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due_at);

CREATE TABLE plugin_installs (
    id TEXT PRIMARY KEY,
    service_point_id TEXT NOT NULL REFERENCES service_points (id),
    plugin_id TEXT NOT NULL,
    version TEXT NOT NULL,
    position BIGINT NOT NULL,
    config TEXT NOT NULL,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL,
    UNIQUE (service_point_id, plugin_id)
);

CREATE TABLE kv (
    plugin_id TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('conversation', 'customer', 'business')),
    scope_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    version BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (plugin_id, scope, scope_id, key)
) WITHOUT ROWID;

-- Each turn as it ran, sealed with the tenant's key: what replay needs.
CREATE TABLE turn_journal (
    turn_id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    sealed BLOB,
    -- False when it was longer than is kept.
    replayable BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX turn_journal_by_age ON turn_journal (created_at);

-- Calls to the outside: the intent is committed before, the answer after, so that a turn that runs again does not call again.
CREATE TABLE outside_calls (
    turn_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    occurrence BIGINT NOT NULL,
    -- Sealed; NULL while nobody knows how it ended.
    answer BLOB,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (turn_id, hash, occurrence)
) WITHOUT ROWID;

-- Everything that came in or was done. What came in is unique in its channel.
CREATE TABLE event_log (
    id TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (channel_id, dedupe_key)
) WITHOUT ROWID;

CREATE TABLE products (
    id TEXT PRIMARY KEY,
    sku TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    price_minor BIGINT NOT NULL CHECK (price_minor >= 0),
    currency TEXT NOT NULL,
    image TEXT,
    active BOOLEAN NOT NULL DEFAULT TRUE,
    -- NULL is not counted.
    stock BIGINT CHECK (stock >= 0),
    popularity BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

CREATE TABLE order_status (
    code TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    position BIGINT NOT NULL,
    final BOOLEAN NOT NULL
);
INSERT INTO order_status (code, title, position, final) VALUES
    ('NEW', 'Recibido', 1, FALSE),
    ('CONFIRMED', 'Confirmado', 2, FALSE),
    ('PREPARING', 'En preparación', 3, FALSE),
    ('SHIPPED', 'En camino', 4, FALSE),
    ('DELIVERED', 'Entregado', 5, TRUE),
    ('CANCELLED', 'Cancelado', 6, TRUE);

CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    -- What people call it.
    code TEXT NOT NULL UNIQUE,
    service_point_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    turn_id TEXT,
    status TEXT NOT NULL REFERENCES order_status (code),
    total_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    address TEXT NOT NULL,
    -- Made in the simulator: takes no stock, tells no webhook.
    is_test BOOLEAN NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);
CREATE INDEX orders_by_customer ON orders (customer_id, created_at);

CREATE TABLE order_lines (
    order_id TEXT NOT NULL REFERENCES orders (id),
    position BIGINT NOT NULL,
    product_id TEXT NOT NULL,
    title TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    price_minor BIGINT NOT NULL,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE order_history (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id),
    status TEXT NOT NULL REFERENCES order_status (code),
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX order_history_by_order ON order_history (order_id, created_at);
