-- api_key_revoke: end an API key at once and for good. Safe to repeat.
-- $1 text  id
-- -> nothing; rows with that id
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1
