-- $1 rows of name, event.
INSERT INTO orchestration_triggers (trigger_name, event_name)
SELECT DISTINCT ON (r.name) r.name, r.event FROM json_to_recordset($1::json) AS r(name text, event text) ORDER BY r.name
    ON CONFLICT (trigger_name) DO UPDATE SET event_name = excluded.event_name
