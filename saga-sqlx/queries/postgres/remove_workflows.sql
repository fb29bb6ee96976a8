-- $1 workflow ids.
DELETE FROM orchestration_workflows WHERE workflow_id = ANY($1)
