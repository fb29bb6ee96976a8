-- ?1 workflow ids.
DELETE FROM orchestration_workflow_steps WHERE workflow_id IN (SELECT value FROM json_each(?1))
