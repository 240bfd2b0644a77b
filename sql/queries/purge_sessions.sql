-- purge_sessions: remove some of the sessions that ended too long ago. Whoever is still
-- watching stays, and users stay.
-- $1 bigint  days to keep
-- $2 bigint  rows at most
-- -> nothing; rows removed
--
-- joined_at <= left_at, so the first condition says nothing new: it is for the index.
DELETE FROM viewer_sessions WHERE id IN (
	SELECT id FROM viewer_sessions
	WHERE joined_at < now() - $1::bigint * interval '24 hours'
		AND left_at < now() - $1::bigint * interval '24 hours'
	LIMIT $2::bigint FOR UPDATE SKIP LOCKED)
