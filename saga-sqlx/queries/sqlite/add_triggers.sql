-- ?1 rows of name, event.
INSERT INTO orchestration_triggers (trigger_name, event_name)
SELECT value ->> 'name', value ->> 'event' FROM jsonb_each(?1) WHERE true
    ON CONFLICT (trigger_name) DO UPDATE SET event_name = excluded.event_name
