-- api_keys_all: the API keys that are good, or will be for a while.
-- -> JSON {sha256 hex: {id, scopes, exp ms or 0}}; NULL: there are none
SELECT json_object_agg(encode(sha256, 'hex'), json_build_object('id', id, 'scopes', scopes,
	'exp', coalesce(round(extract(epoch FROM expires_at) * 1000), 0)))::text
FROM api_keys
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
