-- purge_voided: forget some joins that came to nothing more than a week ago. By then no
-- record of them is on its way.
-- $1 bigint  rows at most
-- -> nothing; rows removed
DELETE FROM voided_sessions WHERE session_id IN (
	SELECT session_id FROM voided_sessions
	WHERE voided_at < now() - interval '7 days'
	LIMIT $1::bigint FOR UPDATE SKIP LOCKED)
