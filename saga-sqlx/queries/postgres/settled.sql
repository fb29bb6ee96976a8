-- $1 a workflow: returns when nobody who writes it is under way any more.
SELECT rev FROM orchestration_workflows WHERE workflow_id = $1 FOR NO KEY UPDATE
