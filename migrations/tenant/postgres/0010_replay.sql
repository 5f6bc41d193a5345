-- Recorded conversations that were run again on a version of a plugin, and what would have been different.

CREATE TABLE replays (
    id TEXT COLLATE "C" PRIMARY KEY,
    plugin_id TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    -- Of the component that ran: an approval is of this file alone.
    digest TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    conversations BIGINT NOT NULL,
    turns BIGINT NOT NULL,
    done BIGINT NOT NULL DEFAULT 0,
    -- Turns whose record was not kept or cannot be read.
    skipped BIGINT NOT NULL DEFAULT 0,
    started_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it last came forward: one that stands still was ended with its process.
    updated_at BIGINT NOT NULL
);
CREATE INDEX replays_by_plugin ON replays (plugin_id, id);

CREATE TABLE replay_differences (
    id TEXT COLLATE "C" PRIMARY KEY,
    replay_id TEXT COLLATE "C" NOT NULL REFERENCES replays (id),
    turn_id TEXT COLLATE "C" NOT NULL,
    conversation_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('said', 'done', 'state', 'failed', 'unrecorded')),
    -- Before and after, sealed with the tenant's key as the journals are that they come from.
    sealed BYTEA NOT NULL,
    verdict TEXT COLLATE "C" NOT NULL DEFAULT 'pending' CHECK (verdict IN ('pending', 'approved', 'rejected')),
    judged_by TEXT COLLATE "C",
    judged_at BIGINT
);
CREATE INDEX replay_differences_by_replay ON replay_differences (replay_id, id);

-- Conversations that somebody kept as tests of a plugin: scripts as they are run and downloaded.
CREATE TABLE saved_tests (
    id TEXT COLLATE "C" PRIMARY KEY,
    plugin_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    script TEXT COLLATE "C" NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX saved_tests_by_plugin ON saved_tests (plugin_id, id);

-- The turns of a conversation, in their order.
CREATE INDEX turn_journal_by_conversation ON turn_journal (conversation_id, turn_id);
