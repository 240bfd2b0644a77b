-- records_write: put a batch of presence records into the history. Safe to repeat, whole or
-- in part, also when later records were written in between.
-- $1 jsonb     array of records, in the order of the stream: of sessions as in
--              common/lua/lib/session.lua, of facts as in lua/lib/fact.lua (those have a `t`)
-- $2 bigint[]  the place of each in the stream (viewer_sessions.record_pos)
-- -> nothing; rows changed = sessions begun or changed
--
-- Several records of one session are folded first: an INSERT may touch a row only once. What
-- is missing or wrong in a record breaks a constraint or a cast; the caller then looks
-- for the one that is bad. The first end wins. Participant: the newest; the others stay beside it, for
-- a kick ends all of them. Of facts the newest. A ban
-- that was written before somebody was forgotten is not written again: it may have been his.
WITH raw AS (
	SELECT e, pos
	FROM ROWS FROM (jsonb_array_elements($1::jsonb), unnest($2::bigint[])) AS t (e, pos)
), fact AS (
	INSERT INTO show_state AS t (kind, id, value, record_pos)
	SELECT DISTINCT ON (kind, id) kind, id, value, pos
	FROM (SELECT e ->> 't', coalesce(e ->> 'k', ''), e -> 'v', pos FROM raw WHERE e ? 't'
			AND NOT (e ->> 't' = 'ban' AND EXISTS (SELECT FROM show_state
				WHERE kind = 'stream' AND id = 'forgot' AND record_pos >= pos))
		UNION ALL SELECT 'stream', '', 'null', max(pos) FROM raw) AS f (kind, id, value, pos)
	ORDER BY kind, id, pos DESC
	ON CONFLICT (kind, id) DO UPDATE SET
		value = excluded.value, record_pos = excluded.record_pos, changed_at = now()
	WHERE excluded.record_pos > t.record_pos
), entry AS (
	SELECT (e ->> 's')::uuid AS session_id, e ->> 'u' AS user_id, e ->> 'a' AS stage_arn,
		to_timestamp((e ->> 'j')::bigint / 1000.0) AS joined_at,
		to_timestamp((e ->> 'l')::bigint / 1000.0) AS left_at,
		e ->> 'r' AS reason, e ->> 'p' AS participant_id, e ->> 'g' AS user_agent,
		(e ->> 'i')::inet AS ip_address, e ->> 'n' AS username, pos
	FROM raw WHERE NOT e ? 't'
), fold AS (
	SELECT session_id, min(user_id) AS user_id, min(stage_arn) AS stage_arn,
		min(joined_at) AS joined_at,
		greatest((array_agg(left_at ORDER BY pos) FILTER (WHERE left_at IS NOT NULL))[1],
			min(joined_at) FILTER (WHERE left_at IS NOT NULL)) AS left_at,
		(array_agg(reason ORDER BY pos) FILTER (WHERE reason IS NOT NULL))[1] AS reason,
		(array_agg(participant_id ORDER BY pos DESC)
			FILTER (WHERE participant_id IS NOT NULL))[1] AS participant_id,
		array_agg(participant_id ORDER BY pos) FILTER (WHERE participant_id IS NOT NULL) AS participants,
		(array_agg(user_agent ORDER BY pos)
			FILTER (WHERE user_agent IS NOT NULL))[1] AS user_agent,
		(array_agg(ip_address ORDER BY pos)
			FILTER (WHERE ip_address IS NOT NULL))[1] AS ip_address,
		(array_agg(username ORDER BY pos)
			FILTER (WHERE username IS NOT NULL))[1] AS username,
		min(pos) AS first_pos, max(pos) AS record_pos
	FROM entry
	GROUP BY session_id
), void AS (
	INSERT INTO voided_sessions (session_id)
	SELECT session_id FROM fold WHERE reason = 'void'
	ON CONFLICT DO NOTHING
), gone AS (
	-- Also those of the last minutes: a writer that we had given up on may have been at it
	-- in the very moment.
	DELETE FROM viewer_sessions
	WHERE session_id IN (SELECT session_id FROM fold WHERE reason = 'void'
		UNION ALL SELECT session_id FROM voided_sessions
		WHERE voided_at > now() - interval '10 minutes')
), seen AS (
	SELECT * FROM fold f
	WHERE reason IS DISTINCT FROM 'void'
		AND NOT EXISTS (SELECT FROM voided_sessions v WHERE v.session_id = f.session_id)
), person AS (
	INSERT INTO users AS u (user_id, username, first_joined_at, last_joined_at)
	SELECT user_id, (array_agg(username ORDER BY joined_at DESC, first_pos DESC)
			FILTER (WHERE username IS NOT NULL))[1], min(joined_at), max(joined_at)
	FROM seen GROUP BY user_id ORDER BY user_id
	ON CONFLICT (user_id) DO UPDATE SET
		username = CASE WHEN excluded.last_joined_at > u.last_joined_at
			THEN coalesce(excluded.username, u.username)
			ELSE coalesce(u.username, excluded.username) END,
		first_joined_at = least(u.first_joined_at, excluded.first_joined_at),
		last_joined_at = greatest(u.last_joined_at, excluded.last_joined_at)
	WHERE excluded.last_joined_at > u.last_joined_at
		OR excluded.first_joined_at < u.first_joined_at
		OR u.username IS NULL AND excluded.username IS NOT NULL
)
INSERT INTO viewer_sessions AS s (session_id, user_id, stage_arn, participant_id, more_participants,
	joined_at, left_at, end_reason, user_agent, ip_address, record_pos)
SELECT session_id, user_id, stage_arn, participant_id,
	CASE WHEN cardinality(participants) > 1 THEN other_participants(participants, participant_id) END,
	joined_at, left_at, reason, user_agent, ip_address, record_pos
FROM seen ORDER BY first_pos
ON CONFLICT (session_id) DO UPDATE SET
	participant_id = CASE WHEN excluded.record_pos > s.record_pos
		THEN coalesce(excluded.participant_id, s.participant_id)
		ELSE coalesce(s.participant_id, excluded.participant_id) END,
	more_participants = CASE
		WHEN coalesce(excluded.participant_id = s.participant_id, true) AND excluded.more_participants IS NULL
		THEN s.more_participants
		ELSE other_participants(s.more_participants || s.participant_id
			|| excluded.more_participants || excluded.participant_id,
			CASE WHEN excluded.record_pos > s.record_pos
				THEN coalesce(excluded.participant_id, s.participant_id)
				ELSE coalesce(s.participant_id, excluded.participant_id) END) END,
	left_at = coalesce(s.left_at, excluded.left_at),
	end_reason = coalesce(s.end_reason, excluded.end_reason),
	user_agent = coalesce(s.user_agent, excluded.user_agent),
	ip_address = coalesce(s.ip_address, excluded.ip_address),
	record_pos = greatest(s.record_pos, excluded.record_pos)
WHERE excluded.record_pos > s.record_pos
	OR s.left_at IS NULL AND excluded.left_at IS NOT NULL
	OR s.user_agent IS NULL AND excluded.user_agent IS NOT NULL
	OR s.ip_address IS NULL AND excluded.ip_address IS NOT NULL
	OR NOT coalesce(excluded.participant_id = ANY (s.more_participants || s.participant_id), true)
	OR NOT coalesce(excluded.more_participants <@ (s.more_participants || s.participant_id), true)
