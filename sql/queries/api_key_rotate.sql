-- api_key_rotate: a new API key in place of one that is good; that one ends after the overlap.
-- $1 text    id of the old key
-- $2 text    id of the new one
-- $3 text    SHA-256 of the new one, hex
-- $4 bigint  overlap, seconds
-- -> scopes (comma list), note, and in unix ms: the new one expires (0: never; it lives as long as
--    the old one was made for), the old one ends; no row: the old one is not there, or not good
WITH old AS (
	SELECT * FROM api_keys
	WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
	FOR UPDATE
), ended AS (
	UPDATE api_keys k
	SET expires_at = least(k.expires_at, now() + $4::bigint * interval '1 second')
	FROM old WHERE k.id = old.id
	RETURNING k.expires_at
), added AS (
	INSERT INTO api_keys (id, sha256, scopes, note, expires_at, made_for)
	SELECT $2, decode($3, 'hex'), scopes, note, now() + made_for, made_for FROM old
	RETURNING scopes, note, expires_at
)
SELECT array_to_string(a.scopes, ','), a.note,
	coalesce(floor(extract(epoch FROM a.expires_at) * 1000)::bigint, 0),
	floor(extract(epoch FROM e.expires_at) * 1000)::bigint
FROM added a, ended e
