-- Scopes of API keys for one call each; all participants of a session.
-- serves: 4

-- Wider than before, so no row needs to be looked at again.
ALTER TABLE api_keys DROP CONSTRAINT api_keys_scopes_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_scopes_check CHECK (cardinality(scopes) > 0 AND
	scopes <@ ARRAY['read', 'viewer', 'token', 'admin', 'events', 'metrics']) NOT VALID;

ALTER TABLE viewer_sessions ADD COLUMN more_participants text[];
COMMENT ON COLUMN viewer_sessions.more_participants IS
	'Participant ids of its tokens besides participant_id, the newest 100, oldest first. NULL: none';

CREATE FUNCTION other_participants(known text[], but text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg(p ORDER BY n) FROM (
		SELECT p, max(n) AS n FROM unnest(known) WITH ORDINALITY AS t (p, n)
		WHERE p <> but GROUP BY p ORDER BY max(n) DESC LIMIT 100) AS newest
$$;
COMMENT ON FUNCTION other_participants IS
	'Of a list of ids, each once, the newest 100 without one of them; NULL when nothing is left';
