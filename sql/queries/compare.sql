-- compare: how far PostgreSQL is, for comparing a Redis with it (domain/compare.h).
-- -> place of the newest record in the stream, ms * 1000000 + number (NULL: none);
--    how many changes the API keys have seen, as api_keys_place has it; the time, Unix ms
SELECT (SELECT record_pos FROM show_state WHERE kind = 'stream' AND id = ''),
	(SELECT count(*) + count(revoked_at) FROM api_keys),
	floor(extract(epoch FROM now()) * 1000)::bigint
