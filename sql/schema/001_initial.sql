-- The history of a show. Who is watching now lives in Redis; here is what happened.
--
-- Run by deploy/migrate inside a transaction. Every time is a timestamptz: an instant, whatever
-- the zones of the host, the server and the session are.

DO $$
BEGIN
	IF current_setting('server_encoding') <> 'UTF8' THEN
		RAISE 'the encoding of this database is %, it must be UTF8: names are in any script',
			current_setting('server_encoding');
	END IF;
END
$$;

CREATE TABLE stages (
	stage_arn text PRIMARY KEY CHECK (length(stage_arn) BETWEEN 1 AND 128),
	name text NOT NULL DEFAULT '',
	is_master boolean NOT NULL DEFAULT false,
	auto_scaled boolean NOT NULL DEFAULT false,
	max_viewers integer CHECK (max_viewers >= 0),
	state text NOT NULL DEFAULT 'active',
	tags jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz,
	updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE stages IS
	'Copy of the registry in Redis, kept so that history can name stages that are gone';
COMMENT ON COLUMN stages.created_at IS 'When AWS made the stage; NULL: not known';
COMMENT ON COLUMN stages.max_viewers IS 'NULL: the setting MAX_VIEWERS_PER_STAGE';
COMMENT ON COLUMN stages.state IS 'As the registry has it: active, draining, ...';

CREATE TABLE users (
	user_id text PRIMARY KEY CHECK (length(user_id) BETWEEN 1 AND 100),
	username text,
	first_joined_at timestamptz NOT NULL,
	last_joined_at timestamptz NOT NULL
);
COMMENT ON TABLE users IS 'One row for each who ever joined; to delete it deletes his history';
COMMENT ON COLUMN users.username IS 'The name given at the newest join that gave one';

-- An end changes a row in place and no indexed column: with room left in the page that is a
-- HOT update and touches no index.
CREATE TABLE viewer_sessions (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	session_id uuid NOT NULL UNIQUE,
	user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
	stage_arn text NOT NULL CHECK (length(stage_arn) BETWEEN 1 AND 128),
	participant_id text CHECK (length(participant_id) BETWEEN 1 AND 255),
	joined_at timestamptz NOT NULL,
	left_at timestamptz CHECK (left_at >= joined_at),
	watch_duration_seconds bigint GENERATED ALWAYS AS
		(floor(extract(epoch FROM left_at - joined_at))::bigint) STORED,
	end_reason text CHECK
		(end_reason IN ('leave', 'timeout', 'moved', 'kicked', 'stage_deleted')),
	user_agent text,
	ip_address inet,
	record_pos bigint NOT NULL,
	CHECK ((left_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 85);
COMMENT ON TABLE viewer_sessions IS
	'One row for each time somebody watched; written by records_write.sql alone';
COMMENT ON COLUMN viewer_sessions.session_id IS
	'Made by the join; UNIQUE is what makes writing a record twice harmless';
COMMENT ON COLUMN viewer_sessions.stage_arn IS
	'No reference to stages: a viewer may be recorded before the next copy of the registry';
COMMENT ON COLUMN viewer_sessions.left_at IS 'NULL: watching now';
COMMENT ON COLUMN viewer_sessions.record_pos IS
	'Place in the stream of the newest record seen, ms * 1000000 + number; an older one '
	'changes nothing';

-- The history of one person, newest first, page by page; also his total, and forgetting him.
CREATE INDEX viewer_sessions_user ON viewer_sessions (user_id, id DESC);
-- The numbers of one stage over the last days.
CREATE INDEX viewer_sessions_stage ON viewer_sessions (stage_arn, joined_at);
-- Purging: rows lie in the order they were written in, so the few pages of a BRIN are enough,
-- and unlike an index on left_at it costs an end nothing.
CREATE INDEX viewer_sessions_age ON viewer_sessions USING brin (joined_at);

CREATE TABLE voided_sessions (
	session_id uuid PRIMARY KEY,
	voided_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE voided_sessions IS
	'Joins that came to nothing (no token could be made): no views. Kept for some days, so '
	'that a record of such a join that is written late or twice does not make a session';

CREATE TABLE viewer_stats_snapshots (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	stage_arn text NOT NULL CHECK (length(stage_arn) BETWEEN 1 AND 128),
	snapshot_time timestamptz NOT NULL,
	viewer_count integer NOT NULL CHECK (viewer_count >= 0),
	peak_viewers integer NOT NULL CHECK (peak_viewers >= viewer_count),
	-- Time first: serves the series of all stages, of one (a slot has few stages) and purging.
	UNIQUE (snapshot_time, stage_arn)
);
COMMENT ON TABLE viewer_stats_snapshots IS 'Viewers of each stage every five minutes';
COMMENT ON COLUMN viewer_stats_snapshots.snapshot_time IS
	'The slot: a whole five minutes, by the clock of Redis';
COMMENT ON COLUMN viewer_stats_snapshots.peak_viewers IS
	'Most viewers at any instant since the snapshot before';

CREATE VIEW active_viewers AS
	SELECT user_id, stage_arn, participant_id, joined_at,
		floor(extract(epoch FROM now() - joined_at))::bigint AS watching_seconds
	FROM viewer_sessions
	WHERE left_at IS NULL;
COMMENT ON VIEW active_viewers IS
	'Sessions without an end. For people; programs ask Redis, which also knows heartbeats';

CREATE VIEW stage_stats_7d AS
	SELECT stage_arn, count(*) AS total_views, count(DISTINCT user_id) AS unique_viewers,
		round(avg(seconds), 1) AS avg_watch_seconds, max(seconds) AS max_watch_seconds,
		sum(seconds) AS total_watch_seconds
	FROM (
		SELECT stage_arn, user_id, coalesce(watch_duration_seconds,
			greatest(0, floor(extract(epoch FROM now() - joined_at)))::bigint) AS seconds
		FROM viewer_sessions
		WHERE joined_at >= now() - interval '7 days'
	) s
	GROUP BY stage_arn;
COMMENT ON VIEW stage_stats_7d IS
	'Views of the last seven days; one that still goes on counts up to now';
