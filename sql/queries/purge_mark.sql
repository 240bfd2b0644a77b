-- purge_mark: after a forgetting, note which files the tables are in that held the person. The note is in the
-- value of the row that says when somebody was forgotten last: {at, files: {table: file}}.
-- -> nothing; rows changed: 1 = somebody was forgotten since the last note
WITH forgot AS (
	SELECT (extract(epoch FROM changed_at) * 1000000)::bigint AS at FROM show_state
	WHERE kind = 'stream' AND id = 'forgot'
)
UPDATE show_state SET value = jsonb_build_object('at', forgot.at, 'files',
	(SELECT jsonb_object_agg(t::text, pg_relation_filenode(t)) FROM unnest(ARRAY['viewer_sessions', 'users',
		'voided_sessions', 'show_state']::regclass[]) AS t))
FROM forgot
WHERE kind = 'stream' AND id = 'forgot' AND (value ->> 'at')::bigint IS DISTINCT FROM forgot.at
