-- api_keys_all: the API keys that are good now, for the copy in Redis.
-- -> sha256 hex, id, scopes (comma list), expires at in unix ms (0: never)
SELECT encode(sha256, 'hex'), id, array_to_string(scopes, ','),
	coalesce(floor(extract(epoch FROM expires_at) * 1000)::bigint, 0)
FROM api_keys
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
ORDER BY id
