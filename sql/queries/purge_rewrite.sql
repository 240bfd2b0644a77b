-- purge_rewrite: write the tables anew, so that nothing is left of rows that are gone. A table that is in use
-- just then is left out: whoever waited for its lock would make all others wait.
-- -> nothing
VACUUM (FULL, SKIP_LOCKED) viewer_sessions, users, voided_sessions, show_state
