-- forget_count: what forgetting a person would remove.
-- $1 text  user id
-- -> sessions
SELECT count(*) FROM viewer_sessions WHERE user_id = $1::text
