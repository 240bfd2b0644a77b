-- presence_rows: open sessions, a stretch of ids at a time.
-- $1 bigint  ids above this
-- $2 bigint  so many ids
-- -> highest id of all (0: no rows), session_id, user_id, stage_arn, joined ms, participant_id, last known
--    of in ms: of the newest record. None in this stretch: one line, session_id NULL.
SELECT t.top, s.session_id, s.user_id, s.stage_arn,
	(extract(epoch FROM s.joined_at) * 1000)::bigint, coalesce(s.participant_id, ''),
	s.record_pos / 1000000
FROM (SELECT coalesce(max(id), 0) AS top FROM viewer_sessions) t
LEFT JOIN viewer_sessions s
	ON s.id > $1::bigint AND s.id <= $1::bigint + $2::bigint AND s.left_at IS NULL
ORDER BY s.id
