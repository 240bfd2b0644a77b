-- restore_facts: who publishes and who is banned, for a cold Redis.
-- -> kind, JSON for restore_load.lua or NULL: none
SELECT 'publisher', (SELECT value::text FROM show_state WHERE kind = 'publisher' AND id = ''
	AND jsonb_typeof(value) = 'object')
UNION ALL
SELECT 'bans', (SELECT json_object_agg(id, value -> 'at')::text FROM show_state
	WHERE kind = 'ban' AND jsonb_typeof(value -> 'at') = 'number')
