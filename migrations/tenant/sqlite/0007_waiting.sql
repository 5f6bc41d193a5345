-- Conversations that a person has, or that wait for one: few among many, and looked for by every start page.
CREATE INDEX conversations_human ON conversations (service_point_id, assignee_id) WHERE status = 'HUMAN';
