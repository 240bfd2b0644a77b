-- Scopes of API keys for one call each.

-- Wider than before, so no row needs to be looked at again.
ALTER TABLE api_keys DROP CONSTRAINT api_keys_scopes_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_scopes_check CHECK (cardinality(scopes) > 0 AND
	scopes <@ ARRAY['read', 'viewer', 'token', 'admin', 'events', 'metrics']) NOT VALID;
