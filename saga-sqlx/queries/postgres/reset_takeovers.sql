-- $1 workflow ids: something got done.
UPDATE orchestration_workflows SET takeovers = 0 WHERE workflow_id = ANY($1)
