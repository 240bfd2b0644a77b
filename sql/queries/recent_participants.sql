-- recent_participants: where a person was seated lately, the newest stage first, and with which participant
-- ids: the person may be connected there still, or come back with a token that is still good.
-- $1 text    user id
-- $2 bigint  stages: seconds back from now
-- $3 bigint  participants: seconds back from now, the life of a token
-- $4 jsonb   object "<stage ARN> <participant id>" -> '1' a participant that is dead, and left out
--            | '0' one that was ended while AWS did not list it: these come last
-- $5 jsonb   object stage ARN -> ms: stages cleared then, left out unless he sat there later
-- $6 bigint  rows at most
-- -> (stage ARN, participant id; '': none is known, 0|1: ended while AWS did not list it)
WITH lately AS (
	SELECT id, stage_arn, more_participants || participant_id AS participants,
		coalesce(left_at, now()) > now() - $3::bigint * interval '1 second' AS is_alive
	FROM viewer_sessions
	WHERE user_id = $1::text AND coalesce(left_at, now()) > now() - $2::bigint * interval '1 second'
		AND coalesce(coalesce(left_at, now()) >
			to_timestamp(($5::jsonb ->> stage_arn)::bigint / 1000.0), true)
), place AS (
	SELECT stage_arn, max(id) AS newest FROM lately GROUP BY stage_arn
), participant AS (
	SELECT stage_arn, p, max(id) AS session, max(n) AS n,
		coalesce($4::jsonb ->> (stage_arn || ' ' || p), '') AS ended
	FROM lately, unnest(participants) WITH ORDINALITY AS t (p, n)
	WHERE is_alive AND p IS NOT NULL
	GROUP BY stage_arn, p
)
SELECT stage_arn, coalesce(p, ''), (coalesce(ended, '') = '0')::int
FROM place LEFT JOIN (SELECT * FROM participant WHERE ended <> '1') AS open USING (stage_arn)
ORDER BY 3, newest DESC, session DESC, n DESC LIMIT $6::bigint
