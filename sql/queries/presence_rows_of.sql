-- presence_rows_of: what the history has of some sessions.
-- $1 uuid[]  session ids
-- -> for each, in that order: 1 its row is open, 0 it has ended or came to nothing, '-' no row
SELECT CASE WHEN s.session_id IS NOT NULL THEN CASE WHEN s.left_at IS NULL THEN '1' ELSE '0' END
	WHEN v.session_id IS NOT NULL THEN '0' ELSE '-' END
FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, n)
LEFT JOIN viewer_sessions s ON s.session_id = q.id
LEFT JOIN voided_sessions v ON v.session_id = q.id
ORDER BY q.n
