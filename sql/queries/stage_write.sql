-- stage_write: bring the table of stages up to the registry.
-- $1 jsonb    array of {a: stage ARN, s: its entry in the registry (common/lua/lib/stages.lua),
--             k: is it the master, w: the entry as it stands there}
-- $2 boolean  these are all stages there are: others are marked as deleted
-- -> nothing; rows changed
WITH entries AS MATERIALIZED (
	SELECT e, e ->> 'a' AS arn FROM jsonb_array_elements($1::jsonb) AS e
), gone AS (
	UPDATE stages SET state = 'deleted', updated_at = now()
	WHERE $2::boolean AND state <> 'deleted' AND stage_arn NOT IN (SELECT arn FROM entries)
)
INSERT INTO stages AS t (stage_arn, name, is_master, auto_scaled, max_viewers, state, tags,
	created_at, entry)
SELECT arn, coalesce(e #>> '{s,name}', ''), coalesce((e ->> 'k')::boolean, false),
	coalesce((e #>> '{s,autoScaled}')::boolean, false),
	(e #>> '{s,maxViewers}')::numeric::integer, coalesce(e #>> '{s,state}', 'active'),
	CASE WHEN jsonb_typeof(e #> '{s,tags}') = 'object' THEN e #> '{s,tags}' ELSE '{}' END,
	to_timestamp((e #>> '{s,createdAt}')::numeric / 1000), nullif(e -> 'w', 'null')
FROM entries
ORDER BY arn
ON CONFLICT (stage_arn) DO UPDATE SET
	name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE t.name END,
	is_master = excluded.is_master, auto_scaled = excluded.auto_scaled,
	max_viewers = excluded.max_viewers, state = excluded.state, tags = excluded.tags,
	created_at = coalesce(excluded.created_at, t.created_at), entry = coalesce(excluded.entry, t.entry),
	updated_at = now()
WHERE (t.name, t.is_master, t.auto_scaled, t.max_viewers, t.state, t.tags, t.created_at, t.entry)
	IS DISTINCT FROM (CASE WHEN excluded.name <> '' THEN excluded.name ELSE t.name END,
		excluded.is_master, excluded.auto_scaled, excluded.max_viewers, excluded.state,
		excluded.tags, coalesce(excluded.created_at, t.created_at),
		coalesce(excluded.entry, t.entry))
