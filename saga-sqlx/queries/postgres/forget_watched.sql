-- $1 definitions: those that are not stranded any more.
DELETE FROM orchestration_watched_definitions WHERE definition = ANY($1)
