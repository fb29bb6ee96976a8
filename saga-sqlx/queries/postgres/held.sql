-- $1 the worker: the live workflows that it owns.
SELECT workflow_id FROM orchestration_workflows
 WHERE worker = $1 AND status IN ('pending', 'running', 'waiting', 'rolling_back')
 ORDER BY workflow_id
