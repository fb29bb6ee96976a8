-- $1 the worker: what it owns although it has ended. Only a person's UPDATE does that.
SELECT workflow_id FROM orchestration_workflows
 WHERE worker = $1 AND worker IS NOT NULL AND status IN ('completed', 'rolled_back', 'failed')
 ORDER BY workflow_id
