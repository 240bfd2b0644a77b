-- purge_left: the tables that were not written anew since purge_mark, by whomever: they are in the same file.
-- -> name, bytes; a row for each
SELECT t::text, pg_total_relation_size(t)
FROM show_state, jsonb_each_text(CASE jsonb_typeof(value -> 'files') WHEN 'object' THEN value -> 'files'
	ELSE '{}' END) AS f (name, file), to_regclass(name) AS t
WHERE kind = 'stream' AND id = 'forgot' AND pg_relation_filenode(t)::text = file
