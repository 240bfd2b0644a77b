-- schema: which migrations this database has had. Also of a list that another program made.
-- -> version, name, the oldest programs it still serves (NULL: not said)
SELECT to_jsonb(m) ->> 'version', to_jsonb(m) ->> 'name', to_jsonb(m) ->> 'serves'
FROM schema_migrations m
