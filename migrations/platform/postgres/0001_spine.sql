-- The platform: what stands around the cells. It may over-state (a cell called awake that has nothing to do), never under-state.

CREATE TABLE tenants (
    id TEXT COLLATE "C" PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('creating', 'active', 'suspended')),
    -- The tenant's own key, sealed under the master key.
    sealed_key BYTEA NOT NULL,
    -- True from before a cell's first write until it was closed with nothing left to do.
    awake BOOLEAN NOT NULL DEFAULT FALSE,
    -- When a closed cell next has something to do; NULL for never.
    next_due_at BIGINT,
    demo BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL
);

-- From an outside address to a tenant: phone_number_id, account_key.
CREATE TABLE routes (
    kind TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    channel_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kind, address)
);

-- Which node works a cell. The epoch only grows; every write of an owner checks it.
CREATE TABLE leases (
    tenant_id TEXT COLLATE "C" PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    node_id TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Facts about this installation, such as the check of the master key.
CREATE TABLE facts (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);
