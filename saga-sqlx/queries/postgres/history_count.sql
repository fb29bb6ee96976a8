-- $1 the workflow.
SELECT count(*) FROM orchestration_events WHERE workflow_id = $1
