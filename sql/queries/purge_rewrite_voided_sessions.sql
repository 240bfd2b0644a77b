-- purge_rewrite_voided_sessions: write this table anew, so that nothing is left of rows that are gone. Does nothing
-- while the table is in use, for whoever waited for its lock would make all others wait, and for a user who does not
-- own it. PostgreSQL tells neither but in a notice: purge_left does.
-- -> nothing
VACUUM (FULL, SKIP_LOCKED) voided_sessions
