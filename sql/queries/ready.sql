-- ready: can the programs do what they have to with this database? Writes nothing.
-- -> t: it takes no writes; the rights that are missing, with commas (NULL: none)
SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,
	(SELECT string_agg(what || ' on ' || name, ', ')
	FROM unnest(ARRAY['stages', 'users', 'viewer_sessions', 'voided_sessions',
			'viewer_stats_snapshots', 'show_state', 'api_keys']) AS name,
		unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS what
	WHERE has_table_privilege(to_regclass(name), what) IS NOT TRUE)
