-- Forgetting a person, so that nobody who writes records brings him back.

-- Who writes records holds a lock on viewer_sessions from before he looks at voided_sessions to his
-- commit. So after the LOCK there is none at it, and all who come later see what is voided here.
-- Each statement in here sees what was committed before it, which one statement would not.
CREATE FUNCTION forget_person(who text, more uuid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	removed bigint;
BEGIN
	PERFORM set_config('lock_timeout', '2s', true);
	LOCK TABLE viewer_sessions IN SHARE ROW EXCLUSIVE MODE;
	INSERT INTO voided_sessions (session_id)
		SELECT session_id FROM viewer_sessions WHERE user_id = who
		UNION SELECT unnest(more)
		ON CONFLICT (session_id) DO UPDATE SET voided_at = now();
	DELETE FROM viewer_sessions WHERE user_id = who OR session_id = ANY (more);
	GET DIAGNOSTICS removed = ROW_COUNT;
	DELETE FROM users WHERE user_id = who;
	-- A copy of his ban may be with a writer that was frozen, or in an old dump of Redis. All bans up
	-- to here are written.
	INSERT INTO show_state AS t (kind, id, value, record_pos)
		SELECT kind, 'forgot', value, record_pos FROM show_state WHERE kind = 'stream' AND id = ''
		ON CONFLICT (kind, id) DO UPDATE SET
			record_pos = greatest(t.record_pos, excluded.record_pos), changed_at = now();
	DELETE FROM show_state WHERE kind = 'ban' AND id = who;
	RETURN removed;
END
$$;
COMMENT ON FUNCTION forget_person IS
	'Removes a person and voids his sessions, and further ones that are not written yet. -> sessions '
	'removed. Ends with 55P03 when a writer keeps it waiting for 2 s';
COMMENT ON TABLE voided_sessions IS
	'Joins that came to nothing (no token could be made), and sessions of those who were forgotten: '
	'no views. Kept for some days, so that a record of one that is written late or twice does not '
	'make a session';
