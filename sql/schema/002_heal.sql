-- What has to outlive Redis: the registry whole, facts of the show, the API keys.

ALTER TABLE stages ADD COLUMN entry jsonb;
COMMENT ON COLUMN stages.entry IS
	'Its entry in the registry (common/lua/lib/stages.lua), from which a cold Redis is filled';

CREATE TABLE show_state (
	kind text NOT NULL CHECK (kind IN ('stream', 'publisher', 'ban', 'key')),
	id text NOT NULL CHECK (length(id) <= 128),
	value jsonb,
	record_pos bigint NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (kind, id)
) WITH (fillfactor = 50);
COMMENT ON TABLE show_state IS
	'Facts of the show, the newest of each; written by records_write.sql from the stream. '
	'stream: how far the stream has been written; id forgot: how far it was when somebody was '
	'forgotten last. publisher: who publishes. ban: by user. '
	'key: last use of an API key, by its id. JSON null: no longer so';
COMMENT ON COLUMN show_state.record_pos IS
	'Place in the stream, as in viewer_sessions; an older record changes nothing';

CREATE TABLE api_keys (
	id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]{4,32}$'),
	sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
	scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND
		scopes <@ ARRAY['read', 'viewer', 'token', 'admin']),
	note text NOT NULL DEFAULT '' CHECK (length(note) <= 200),
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz,
	revoked_at timestamptz
);
COMMENT ON TABLE api_keys IS
	'Made and ended by ivsctl key; the programs use the copy in Redis. The key itself is nowhere';

-- Wider than before, so no row needs to be looked at again.
ALTER TABLE viewer_sessions DROP CONSTRAINT viewer_sessions_end_reason_check;
ALTER TABLE viewer_sessions ADD CONSTRAINT viewer_sessions_end_reason_check CHECK (end_reason IN
	('leave', 'timeout', 'moved', 'kicked', 'stage_deleted', 'never_started')) NOT VALID;
COMMENT ON COLUMN viewer_sessions.end_reason IS
	'never_started: a token was taken and nothing was heard of him after; no view';

CREATE OR REPLACE VIEW stage_stats_7d AS
	SELECT stage_arn, count(*) AS total_views, count(DISTINCT user_id) AS unique_viewers,
		round(avg(seconds), 1) AS avg_watch_seconds, max(seconds) AS max_watch_seconds,
		sum(seconds) AS total_watch_seconds
	FROM (
		SELECT stage_arn, user_id, coalesce(watch_duration_seconds,
			greatest(0, floor(extract(epoch FROM now() - joined_at)))::bigint) AS seconds
		FROM viewer_sessions
		WHERE joined_at >= now() - interval '7 days'
			AND end_reason IS DISTINCT FROM 'never_started'
	) s
	GROUP BY stage_arn;
