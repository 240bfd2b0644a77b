-- restore_sessions: sessions without an end, for a cold Redis; the newest first, page by page. Ids
-- grow with time, so a page is a range of them: no page takes long however old the table is.
-- $1 bigint  only those with a smaller id
-- $2 bigint  ids in a page   $3 bigint  sessions in a row of the answer   $4 interval  how old at most
-- -> rows (id from which on this was: the next $1, JSON for restore_load.lua or NULL: none);
--    no row: that was all
WITH top AS (
	SELECT max(id) AS id FROM viewer_sessions WHERE id < $1::bigint
), page AS MATERIALIZED (
	SELECT s.* FROM viewer_sessions s, top
	WHERE s.id <= top.id AND s.id > top.id - $2::bigint
), open AS (
	SELECT p.id, (row_number() OVER (ORDER BY p.id DESC) - 1) / $3::bigint AS part,
		json_build_object('u', user_id, 'a', p.stage_arn, 's', session_id,
			'j', round(extract(epoch FROM joined_at) * 1000),
			'p', coalesce(participant_id, ''), 'h', record_pos / 1000000,
			'd', coalesce(t.state = 'deleted', false)) AS session
	FROM page p LEFT JOIN stages t USING (stage_arn)
	WHERE left_at IS NULL AND joined_at > now() - $4::interval
)
SELECT (SELECT id - $2::bigint + 1 FROM top), sessions::text
FROM (SELECT part, json_agg(session ORDER BY id DESC) AS sessions FROM open GROUP BY part
	UNION ALL SELECT 9223372036854775807, NULL) AS parts
WHERE (SELECT max(joined_at) > now() - $4::interval FROM page)
ORDER BY part
