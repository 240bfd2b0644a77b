-- The tables of the server that ivs-live replaces: some have the names of ours.
CREATE TABLE stages (
	id serial PRIMARY KEY, stage_arn varchar(255) UNIQUE NOT NULL, stage_name varchar(100),
	is_master boolean DEFAULT false, max_viewers integer DEFAULT 50,
	created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now()
);
CREATE TABLE viewer_sessions (
	id serial PRIMARY KEY, user_id varchar(100) NOT NULL, stage_arn varchar(255) NOT NULL,
	participant_id varchar(255), joined_at timestamp NOT NULL, left_at timestamp,
	watch_duration_seconds integer, user_agent text, ip_address inet, country_code varchar(2)
);
CREATE TABLE viewer_stats_snapshots (
	id serial PRIMARY KEY, stage_arn varchar(255) NOT NULL, snapshot_time timestamp NOT NULL,
	viewer_count integer NOT NULL
);
CREATE TABLE users (
	id serial PRIMARY KEY, user_id varchar(100) UNIQUE NOT NULL, username varchar(50), email varchar(255),
	created_at timestamp DEFAULT now()
);
INSERT INTO stages (stage_arn, stage_name) VALUES ('arn:aws:ivs:eu-west-1:123456789012:stage/Old', 'old');
INSERT INTO viewer_stats_snapshots (stage_arn, snapshot_time, viewer_count)
	SELECT 'arn:aws:ivs:eu-west-1:123456789012:stage/Old', now() - interval '200 days' + n * interval '5 minutes', n
	FROM generate_series(1, 20) n;
