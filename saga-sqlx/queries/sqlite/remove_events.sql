-- ?1 workflow ids.
DELETE FROM orchestration_events WHERE workflow_id IN (SELECT value FROM json_each(?1))
