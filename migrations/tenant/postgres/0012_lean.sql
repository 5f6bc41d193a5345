-- Lists of conversations are sorted by the hour of the last message first: its index alone is kept, which a message seldom changes.
ALTER TABLE conversations ADD COLUMN last_hour BIGINT NOT NULL DEFAULT 0;
UPDATE conversations SET last_hour = COALESCE(last_message_at, 0) / 3600000;
DROP INDEX conversations_by_time;
CREATE INDEX conversations_by_hour ON conversations (last_hour);
DROP INDEX conversations_by_service_point;
CREATE INDEX conversations_by_point ON conversations (service_point_id);

-- Nobody asks for a customer's message by the provider's id but within its conversation.
DROP INDEX messages_by_provider_id;
CREATE INDEX messages_by_provider_id ON messages (provider_id) WHERE direction = 'OUT' AND provider_id IS NOT NULL;

-- Ids grow with the time.
DROP INDEX turn_journal_by_age;

-- Room on each page to write a row anew beside itself, which then leaves the indexes alone.
ALTER TABLE conversations SET (fillfactor = 70);
