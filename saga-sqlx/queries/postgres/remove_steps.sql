-- $1 workflow ids.
DELETE FROM orchestration_workflow_steps WHERE workflow_id = ANY($1)
