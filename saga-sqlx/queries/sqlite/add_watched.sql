-- ?1 rows of definition, name, version, watched_micros, looked_at.
INSERT INTO orchestration_watched_definitions (definition, name, version, watched_micros, looked_at)
SELECT value ->> 'definition', value ->> 'name', value ->> 'version', value ->> 'watched_micros', value ->> 'looked_at'
  FROM json_each(?1) WHERE true
    ON CONFLICT (definition) DO UPDATE SET watched_micros = excluded.watched_micros, looked_at = excluded.looked_at
