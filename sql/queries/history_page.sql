-- history_page: one page of a person's history, newest first, and how much there is in all.
-- $1 text    user id
-- $2 bigint  rows at most
-- $3 bigint  only ids below this; NULL = from the newest
-- -> total, id, stage_arn, participant_id, joined ms, left ms (NULL: watching), watch seconds
--    (NULL: watching), end reason, user agent, address. No row of his: one line, id NULL.
SELECT t.total, s.id, s.stage_arn, s.participant_id,
	(extract(epoch FROM s.joined_at) * 1000)::bigint,
	(extract(epoch FROM s.left_at) * 1000)::bigint,
	s.watch_duration_seconds, s.end_reason, s.user_agent, host(s.ip_address)
FROM (SELECT count(*) AS total FROM viewer_sessions WHERE user_id = $1::text) t
LEFT JOIN (
	SELECT * FROM viewer_sessions
	WHERE user_id = $1::text AND id < coalesce($3::bigint, 9223372036854775807)
	ORDER BY id DESC LIMIT $2::bigint
) s ON true
ORDER BY s.id DESC
