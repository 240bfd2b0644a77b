-- statement_limit: goes ahead of every statement, in the same transaction and the same round
-- trip. A statement whose asker has given up must not go on for ever; told to the session, the
-- limit would stay behind with PgBouncer, for others, and be missing where we come next.
-- $1 text  longest time of a statement, ms
-- -> the same
SELECT set_config('statement_timeout', $1, true)
