-- purge_snapshots: remove some of the snapshots that are too old.
-- $1 bigint  days to keep
-- $2 bigint  rows at most
-- -> nothing; rows removed
DELETE FROM viewer_stats_snapshots WHERE id IN (
	SELECT id FROM viewer_stats_snapshots
	WHERE snapshot_time < now() - $1::bigint * interval '24 hours'
	ORDER BY snapshot_time LIMIT $2::bigint FOR UPDATE SKIP LOCKED)
