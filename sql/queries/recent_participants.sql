-- recent_participants: where a person was seated lately, the newest stage first, and with which participant
-- ids: the person may be connected there still, or come back with a token that is still good. A
-- session that ended by a kick has no id that AWS still takes.
-- $1 text    user id
-- $2 bigint  seconds back from now
-- $3 bigint  stages at most
-- $4 bigint  participants at most, the newest
-- -> (stage ARN, participant id; '': none is known)
WITH lately AS (
	SELECT id, stage_arn, more_participants || participant_id AS participants, end_reason
	FROM viewer_sessions
	WHERE user_id = $1::text AND coalesce(left_at, now()) > now() - $2::bigint * interval '1 second'
), place AS (
	SELECT stage_arn, max(id) AS newest FROM lately GROUP BY stage_arn ORDER BY newest DESC LIMIT $3::bigint
), participant AS (
	SELECT stage_arn, p
	FROM lately JOIN place USING (stage_arn), unnest(participants) WITH ORDINALITY AS t (p, n)
	WHERE p IS NOT NULL AND end_reason IS DISTINCT FROM 'kicked'
	GROUP BY stage_arn, p ORDER BY max(id) DESC, max(n) DESC LIMIT $4::bigint
)
SELECT stage_arn, coalesce(p, '') FROM place LEFT JOIN participant USING (stage_arn) ORDER BY newest DESC
