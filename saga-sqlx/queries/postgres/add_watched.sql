-- $1 rows of definition, name, version, watched_micros, looked_at.
INSERT INTO orchestration_watched_definitions (definition, name, version, watched_micros, looked_at)
SELECT definition, name, version, watched_micros, looked_at
  FROM json_to_recordset($1::json) AS r(definition text, name text, version int, watched_micros bigint, looked_at timestamptz)
 ORDER BY definition
    ON CONFLICT (definition) DO UPDATE SET watched_micros = excluded.watched_micros, looked_at = excluded.looked_at
