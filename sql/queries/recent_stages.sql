-- recent_stages: where a person was seated lately, the newest first: he may be connected there still.
-- $1 text    user id
-- $2 bigint  seconds back from now
-- $3 bigint  stages at most
-- -> stage ARN
SELECT stage_arn FROM viewer_sessions
WHERE user_id = $1::text AND coalesce(left_at, now()) > now() - $2::bigint * interval '1 second'
GROUP BY stage_arn ORDER BY max(id) DESC LIMIT $3::bigint
