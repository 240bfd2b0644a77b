-- purge_forgotten: whether somebody was forgotten lately, and how large the tables are that held them.
-- $1 bigint  seconds back from now
-- -> (0|1, bytes)
SELECT count(*), (SELECT sum(pg_total_relation_size(t)) FROM unnest(ARRAY['viewer_sessions', 'users',
		'voided_sessions', 'show_state']::regclass[]) AS t)
FROM show_state
WHERE kind = 'stream' AND id = 'forgot' AND changed_at > now() - $1::bigint * interval '1 second'
