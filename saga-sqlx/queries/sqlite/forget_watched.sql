-- ?1 definitions: those that are not stranded any more.
DELETE FROM orchestration_watched_definitions WHERE definition IN (SELECT value FROM json_each(?1))
