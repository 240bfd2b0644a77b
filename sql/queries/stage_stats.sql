-- stage_stats: the views of one stage that began in the last days. One that still goes on
-- counts up to now; one that never started is none.
-- $1 text    stage ARN
-- $2 bigint  days
-- -> views, unique viewers, longest seconds, sum of seconds
SELECT count(*), count(DISTINCT user_id), coalesce(max(seconds), 0),
	coalesce(sum(seconds), 0)::bigint
FROM (
	SELECT user_id, coalesce(watch_duration_seconds,
		greatest(0, floor(extract(epoch FROM now() - joined_at)))::bigint) AS seconds
	FROM viewer_sessions
	WHERE stage_arn = $1::text AND joined_at >= now() - $2::bigint * interval '24 hours'
		AND end_reason IS DISTINCT FROM 'never_started'
) s
