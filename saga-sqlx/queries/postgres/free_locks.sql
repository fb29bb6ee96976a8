-- $1 workflow ids.
DELETE FROM orchestration_locks WHERE workflow_id = ANY($1)
