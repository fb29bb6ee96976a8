-- ?1 workflow ids: whole inboxes.
DELETE FROM orchestration_signals WHERE workflow_id IN (SELECT value FROM json_each(?1))
