-- purge_users: remove some of those who have not come for long and have no history left.
-- $1 bigint  days to keep
-- $2 bigint  rows at most
-- -> nothing; rows removed
DELETE FROM users WHERE user_id IN (
	SELECT user_id FROM users u
	WHERE last_joined_at < now() - $1::bigint * interval '24 hours'
		AND NOT EXISTS (SELECT FROM viewer_sessions s WHERE s.user_id = u.user_id)
	LIMIT $2::bigint FOR UPDATE SKIP LOCKED)
