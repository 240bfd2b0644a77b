-- purge_count: what purging would remove.
-- $1 bigint  days to keep snapshots
-- $2 bigint  days to keep sessions; NULL = for ever
-- -> snapshots, sessions
SELECT (SELECT count(*) FROM viewer_stats_snapshots
		WHERE snapshot_time < now() - $1::bigint * interval '24 hours'),
	(SELECT count(*) FROM viewer_sessions
		WHERE joined_at < now() - $2::bigint * interval '24 hours'
			AND left_at < now() - $2::bigint * interval '24 hours')
