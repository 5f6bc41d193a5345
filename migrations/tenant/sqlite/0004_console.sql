-- What the people of a business change about it, beside its service points and channels.

-- The language model: any address that speaks as OpenAI's does, and a key sealed with the tenant's own.
ALTER TABLE business ADD COLUMN openai_base_url TEXT;
ALTER TABLE business ADD COLUMN openai_model TEXT NOT NULL DEFAULT 'gpt-4.1-mini';
ALTER TABLE business ADD COLUMN openai_key BLOB;
-- Raised by each change of the row, so that nobody overwrites what they have not seen.
ALTER TABLE business ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE service_points ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- A channel that has conversations stays for their sake when it is removed, without its number and its secrets.
ALTER TABLE channels ADD COLUMN removed_at BIGINT;
-- A product that was removed stays for the orders that name it; it is not active any more, and its SKU is free again.
ALTER TABLE products ADD COLUMN removed_at BIGINT;

-- What the business promises and how it speaks: shipping, refund, brand_voice, allowed_hours, or a kind of its own.
CREATE TABLE policies (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Every version of a policy, the present one too.
CREATE TABLE policy_versions (
    policy_id TEXT NOT NULL REFERENCES policies (id),
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    changed_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (policy_id, version)
);

-- The master prompt: one row per version, one of them active.
CREATE TABLE agent_prompts (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX agent_prompts_active ON agent_prompts (active) WHERE active;

-- Lists are read by time and id, newest first.
CREATE INDEX conversations_by_time ON conversations (last_message_at, id);
CREATE INDEX orders_by_time ON orders (created_at, id);
CREATE INDEX products_by_title ON products (title, id);
