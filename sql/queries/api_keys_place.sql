-- api_keys_place: how many changes the API keys have seen. Each change adds a row or revokes one,
-- rows are never removed: so of two readings the one with the higher number is the later.
-- -> the number
SELECT count(*) + count(revoked_at) FROM api_keys
