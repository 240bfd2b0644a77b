-- api_keys_list: all API keys there ever were, the oldest first.
-- -> id, scopes (comma list), note, state (active, expired, revoked), and in unix ms, 0 for never:
--    created, expires, revoked, last used
SELECT k.id, array_to_string(k.scopes, ','), k.note,
	CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired'
		ELSE 'active' END,
	floor(extract(epoch FROM created_at) * 1000)::bigint,
	coalesce(floor(extract(epoch FROM expires_at) * 1000)::bigint, 0),
	coalesce(floor(extract(epoch FROM revoked_at) * 1000)::bigint, 0),
	coalesce((s.value ->> 'at')::numeric::bigint, 0)
FROM api_keys k LEFT JOIN show_state s ON s.kind = 'key' AND s.id = k.id
ORDER BY created_at, k.id
