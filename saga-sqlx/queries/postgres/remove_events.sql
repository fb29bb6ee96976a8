-- $1 workflow ids.
DELETE FROM orchestration_events WHERE workflow_id = ANY($1)
