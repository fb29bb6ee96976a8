-- What was watched so far.
SELECT definition, watched_micros, looked_at FROM orchestration_watched_definitions ORDER BY definition
