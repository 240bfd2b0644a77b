-- restore_newest: the newest record that PostgreSQL has.
-- -> its place in the stream, ms * 1000000 + number; no row: none
SELECT record_pos FROM show_state WHERE kind = 'stream' AND id = ''
