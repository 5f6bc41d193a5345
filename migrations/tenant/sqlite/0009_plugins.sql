-- The plugins of a business and their versions. The files themselves are media; native code lies in the cache of each node.

CREATE TABLE plugins (
    id TEXT PRIMARY KEY,
    -- None is, for a plugin of our own, the one that the binary carries.
    active_version TEXT,
    -- What a rollback leads to.
    previous_version TEXT,
    -- A share of the conversations is answered by this one.
    canary_version TEXT,
    canary_percent BIGINT NOT NULL DEFAULT 0,
    canary_since BIGINT,
    -- Of the turns since the canary began: how many of each version ran, and how many failed.
    canary_turns BIGINT NOT NULL DEFAULT 0,
    canary_failed BIGINT NOT NULL DEFAULT 0,
    steady_turns BIGINT NOT NULL DEFAULT 0,
    steady_failed BIGINT NOT NULL DEFAULT 0,
    -- The last canary that failed more than the version beside it, until somebody decides again.
    taken_back_version TEXT,
    taken_back_at BIGINT,
    state TEXT NOT NULL DEFAULT 'on' CHECK (state IN ('on', 'off', 'set_aside')),
    set_aside_at BIGINT,
    set_aside_reason TEXT,
    -- A version is activated only when its replay was approved.
    requires_replay BOOLEAN NOT NULL DEFAULT FALSE,
    config TEXT NOT NULL,
    config_version BIGINT NOT NULL DEFAULT 0,
    -- Raised by each change that somebody makes, so that nobody overwrites what they have not seen.
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

CREATE TABLE plugin_versions (
    plugin_id TEXT NOT NULL REFERENCES plugins (id),
    version TEXT NOT NULL,
    -- SHA-256 of the file, in hexadecimal.
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    manifest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('compiling', 'ready', 'refused')),
    -- Why it was refused: {"kind": …, "detail": …}.
    problem TEXT,
    media_key TEXT NOT NULL,
    uploaded_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    first_activated_at BIGINT,
    PRIMARY KEY (plugin_id, version)
);
CREATE INDEX plugin_versions_compiling ON plugin_versions (created_at) WHERE state = 'compiling';

-- What the business lets a plugin do, and what it was asked for when it said so.
CREATE TABLE plugin_grants (
    plugin_id TEXT PRIMARY KEY REFERENCES plugins (id),
    grants TEXT NOT NULL,
    asked TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_at BIGINT NOT NULL
);

-- Every version of a configuration: the whole installation's without a service point, and what a service point has otherwise.
CREATE TABLE plugin_configs (
    plugin_id TEXT NOT NULL,
    service_point_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    config TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, service_point_id, version)
);

CREATE TABLE plugin_secrets (
    plugin_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- With the tenant's key.
    sealed BLOB NOT NULL,
    PRIMARY KEY (plugin_id, name)
);

-- How a version ran, by the hour.
CREATE TABLE plugin_hours (
    plugin_id TEXT NOT NULL,
    version TEXT NOT NULL,
    hour BIGINT NOT NULL,
    turns BIGINT NOT NULL,
    handled BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    -- Of those that failed, which used up a limit.
    limited BIGINT NOT NULL,
    cpu_us BIGINT NOT NULL,
    wall_us BIGINT NOT NULL,
    memory_peak BIGINT NOT NULL,
    log_lines BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, version, hour)
);
CREATE INDEX plugin_hours_by_age ON plugin_hours (hour);
