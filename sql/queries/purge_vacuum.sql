-- purge_vacuum: give back the room of rows that are gone, so that new ones overwrite them.
-- -> nothing
VACUUM viewer_sessions, users, voided_sessions, show_state
