-- ?1 the workflow.
SELECT run, at, kind, node, attempt, message, actor FROM orchestration_events WHERE workflow_id = ?1 ORDER BY event_id
