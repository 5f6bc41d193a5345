-- Who logs in, what they are in which business, and how they prove it. Tokens, codes and keys are kept as hashes only.

CREATE TABLE users (
    id TEXT COLLATE "C" PRIMARY KEY,
    -- In lower case.
    email TEXT COLLATE "C" NOT NULL UNIQUE CHECK (email = lower(email)),
    name TEXT COLLATE "C" NOT NULL,
    -- argon2id in PHC form; NULL until a password was chosen.
    password TEXT COLLATE "C",
    locale TEXT COLLATE "C",
    -- Sealed with the master key.
    totp_secret BYTEA,
    -- When a first code proved the secret; until then no code is asked for.
    totp_since BIGINT,
    -- The time step of the last code that was taken: each works once.
    totp_step BIGINT NOT NULL DEFAULT 0,
    -- May operate the whole installation.
    operator BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE memberships (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('owner', 'admin', 'agent', 'viewer')),
    -- * for all service points, else their ids with commas between.
    reach TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, tenant_id)
);
CREATE INDEX memberships_by_tenant ON memberships (tenant_id, user_id);

-- A session that was revoked is not there any more.
CREATE TABLE sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    token_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The business that is worked in now.
    tenant_id TEXT COLLATE "C" REFERENCES tenants (id) ON DELETE SET NULL,
    -- cookie: a browser; bearer: what the API's short tokens stand on.
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('cookie', 'bearer')),
    -- The password was right, the second factor is still to come: it opens nothing.
    awaits_code BOOLEAN NOT NULL DEFAULT FALSE,
    user_agent TEXT COLLATE "C",
    address TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, last_used_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE invitations (
    id TEXT COLLATE "C" PRIMARY KEY,
    token_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    email TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('owner', 'admin', 'agent', 'viewer')),
    reach TEXT COLLATE "C" NOT NULL,
    invited_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (tenant_id, email)
);

CREATE TABLE password_resets (
    token_hash TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_resets_by_user ON password_resets (user_id);

CREATE TABLE api_keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    key_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    -- The part that is shown.
    prefix TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    -- Reaches the simulator only.
    test BOOLEAN NOT NULL,
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('owner', 'admin', 'agent', 'viewer')),
    reach TEXT COLLATE "C" NOT NULL,
    -- Permissions by name, with commas between.
    scopes TEXT COLLATE "C" NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, created_at);

-- How often somebody knocked in vain, by a hash of the account or of the address.
CREATE TABLE login_throttle (
    key TEXT COLLATE "C" PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);
CREATE INDEX login_throttle_by_age ON login_throttle (last_at);

-- Who did what to people and keys; no content. What is done inside a business is in its own audit_log.
CREATE TABLE audit_log (
    id TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" REFERENCES tenants (id) ON DELETE CASCADE,
    -- A user or an API key by its id, or the name of a command.
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    -- What it was done to, by its id.
    subject TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);
CREATE INDEX audit_log_by_tenant ON audit_log (tenant_id, id);
