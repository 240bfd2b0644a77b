-- stats_history: viewers over the last hours, from the snapshots, oldest first.
-- $1 text    stage ARN; NULL = all stages together
-- $2 bigint  hours
-- $3 bigint  seconds a point stands for: 300, the slots as they are, or more
-- -> time of the point in ms (its beginning), viewers (average of its slots, rounded), most viewers.
--    All stages together: the peaks of the stages need not have been at one instant.
SELECT (extract(epoch FROM slot)::bigint / $3::bigint) * $3::bigint * 1000,
	round(avg(viewers))::bigint, max(peak)::bigint
FROM (
	SELECT snapshot_time AS slot, sum(viewer_count) AS viewers, sum(peak_viewers) AS peak
	FROM viewer_stats_snapshots
	WHERE snapshot_time > now() - $2::bigint * interval '1 hour'
		AND ($1::text IS NULL OR stage_arn = $1::text)
	GROUP BY snapshot_time
) s
GROUP BY 1
ORDER BY 1
