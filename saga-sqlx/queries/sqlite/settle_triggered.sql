-- ?1 ids.
DELETE FROM orchestration_triggered WHERE triggered_id IN (SELECT value FROM json_each(?1))
