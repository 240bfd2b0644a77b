-- Entries of the registry of stages reach PostgreSQL as the other facts do: from the stream, so that a
-- row has a version (show_state.record_pos) and an older copy never overwrites a newer one.
-- serves: 4
--
-- Programs of the version before run on: they write facts of a kind they do not know as they find
-- them, and still copy the registry into `stages`.

ALTER TABLE show_state DROP CONSTRAINT show_state_kind_check;
ALTER TABLE show_state ADD CONSTRAINT show_state_kind_check
	CHECK (kind IN ('stream', 'publisher', 'ban', 'key', 'stage'));
COMMENT ON TABLE show_state IS
	'Facts of the show, the newest of each; written by records_write.sql from the stream. '
	'stream: how far the stream has been written; id forgot: how far it was when somebody was '
	'forgotten last. publisher: who publishes. ban: by user. '
	'key: last use of an API key, by its id. stage: the entry of a stage in the registry, by ARN. '
	'JSON null: no longer so';

-- A member of another type counts as absent: what else may stand in a registry must not stop the
-- records beside it.
CREATE FUNCTION stage_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	e jsonb := NEW.value;
	n numeric;
	most integer;
	made timestamptz;
BEGIN
	IF jsonb_typeof(e) IS DISTINCT FROM 'object' THEN
		UPDATE stages SET state = 'deleted', updated_at = now()
			WHERE stage_arn = NEW.id AND state <> 'deleted';
		RETURN NULL;
	END IF;
	IF jsonb_typeof(e -> 'maxViewers') = 'number' THEN
		n := e ->> 'maxViewers';
		IF n BETWEEN 1 AND 25000 THEN most := floor(n); END IF;
	END IF;
	IF jsonb_typeof(e -> 'createdAt') = 'number' THEN
		n := e ->> 'createdAt';
		IF n BETWEEN 1 AND 32503680000000 THEN made := to_timestamp(n / 1000); END IF;
	END IF;
	INSERT INTO stages AS t (stage_arn, name, is_master, auto_scaled, max_viewers, state, tags,
		created_at, entry)
	VALUES (NEW.id,
		CASE WHEN jsonb_typeof(e -> 'name') = 'string' THEN e ->> 'name' ELSE '' END,
		e @> '{"master": true}', e @> '{"autoScaled": true}', most,
		CASE WHEN jsonb_typeof(e -> 'state') = 'string' THEN e ->> 'state' ELSE 'active' END,
		CASE WHEN jsonb_typeof(e -> 'tags') = 'object' THEN e -> 'tags' ELSE '{}' END,
		made, e)
	ON CONFLICT (stage_arn) DO UPDATE SET
		name = coalesce(nullif(excluded.name, ''), t.name),
		is_master = excluded.is_master, auto_scaled = excluded.auto_scaled,
		max_viewers = excluded.max_viewers, state = excluded.state, tags = excluded.tags,
		created_at = coalesce(excluded.created_at, t.created_at),
		entry = excluded.entry, updated_at = now();
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION stage_follows IS 'Keeps stages as the facts of kind stage say';
CREATE TRIGGER stage_follows AFTER INSERT OR UPDATE ON show_state
	FOR EACH ROW WHEN (NEW.kind = 'stage') EXECUTE FUNCTION stage_follows();

COMMENT ON TABLE stages IS
	'What show_state says of each stage, in columns; those that are gone stay, so that history can '
	'name them. Written by the trigger stage_follows alone';
