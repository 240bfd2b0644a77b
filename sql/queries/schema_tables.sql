-- schema_tables: is there a list of migrations, and which tables have the names of ours?
-- -> t or f; the names, with commas (NULL: none)
SELECT to_regclass('schema_migrations') IS NOT NULL, string_agg(name, ', ')
FROM unnest(ARRAY['stages', 'users', 'viewer_sessions', 'viewer_stats_snapshots']) AS name
WHERE to_regclass(name) IS NOT NULL
