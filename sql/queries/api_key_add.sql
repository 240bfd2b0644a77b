-- api_key_add: a new API key, unless there are too many.
-- $1 text    id
-- $2 text    SHA-256 of the key, hex
-- $3 text    scopes, comma list
-- $4 text    note
-- $5 bigint  expires at, unix ms; NULL: never
-- $6 bigint  most keys that may be good at a time
-- -> nothing; rows added
INSERT INTO api_keys (id, sha256, scopes, note, expires_at, made_for)
SELECT $1, decode($2, 'hex'), string_to_array($3, ','), $4, to_timestamp($5::bigint / 1000.0),
	to_timestamp($5::bigint / 1000.0) - now()
WHERE (SELECT count(*) FROM api_keys
	WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())) < $6::bigint
