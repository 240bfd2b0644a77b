-- How long an API key was made for: the one that takes its place lives as long. Its end does not say
-- so any more once it was rotated (sql/queries/api_key_rotate.sql).
ALTER TABLE api_keys ADD COLUMN made_for interval;
COMMENT ON COLUMN api_keys.made_for IS 'NULL: for good';
UPDATE api_keys SET made_for = expires_at - created_at;
