-- $1 workflow ids.
DELETE FROM orchestration_waits WHERE workflow_id = ANY($1)
