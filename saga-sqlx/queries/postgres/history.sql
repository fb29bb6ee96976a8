-- $1 the workflow, $2 after which event, $3 how many, $4 how many to pass over.
SELECT event_id, run, at, kind, node, attempt, message, actor FROM orchestration_events
 WHERE workflow_id = $1 AND event_id > $2 ORDER BY event_id LIMIT $3 OFFSET $4
