-- restore_stages: the registry of stages, for a cold Redis.
-- -> JSON for restore_load.lua; NULL: there are none. A stage that was copied by a version that kept
-- no whole entry comes back with what is known; of one that was deleted within a day, for how long its
-- viewers are still told so, ms (`g`)
SELECT json_agg(CASE WHEN state = 'deleted' THEN json_build_object('a', stage_arn, 'g',
	ceil(extract(epoch FROM updated_at - now() + interval '1 day') * 1000))
ELSE json_build_object('a', stage_arn, 'e', coalesce(nullif(entry, 'null'), jsonb_strip_nulls(
	jsonb_build_object('name', nullif(name, ''), 'autoScaled', auto_scaled,
		'maxViewers', max_viewers, 'state', state, 'tags', tags,
		'createdAt', round(extract(epoch FROM created_at) * 1000)))))
END ORDER BY stage_arn)::text
FROM stages WHERE state <> 'deleted' OR updated_at > now() - interval '1 day'
