-- snapshot_write: the viewers of every stage in one slot of five minutes. Run again in
-- the same slot: the newest count, the higher peak.
-- $1 jsonb   array of {a: stage ARN, n: viewers now, m: most since the snapshot before}
-- $2 bigint  the slot, Unix ms
-- -> nothing; rows written
INSERT INTO viewer_stats_snapshots AS t (stage_arn, snapshot_time, viewer_count, peak_viewers)
SELECT e ->> 'a', to_timestamp($2::bigint / 1000.0), (e ->> 'n')::integer,
	greatest((e ->> 'm')::integer, (e ->> 'n')::integer)
FROM jsonb_array_elements($1::jsonb) AS e
ORDER BY 1
ON CONFLICT (snapshot_time, stage_arn) DO UPDATE SET
	viewer_count = excluded.viewer_count,
	peak_viewers = greatest(t.peak_viewers, excluded.peak_viewers)
