-- ?1 workflow ids: something got done.
UPDATE orchestration_workflows SET takeovers = 0 WHERE workflow_id IN (SELECT value FROM json_each(?1))
