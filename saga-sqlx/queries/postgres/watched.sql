-- What was watched so far; locked in one order, also by whoever joins, so that nobody waits in a circle.
SELECT definition, watched_micros, looked_at FROM orchestration_watched_definitions ORDER BY definition FOR UPDATE
