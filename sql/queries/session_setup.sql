-- session_setup: first statement of a connection. A statement whose asker has given up must
-- not go on for ever; a SET would not do, for it takes no parameter.
-- $1 text  longest time of a statement, ms
-- -> the same
SELECT set_config('statement_timeout', $1, false)
