-- $1 workflow ids, $2 the worker, $3 the present.
UPDATE orchestration_workflows
   SET worker = $2, wake_at = NULL, rev = rev + 1, updated_at = greatest(updated_at, $3::timestamptz)
 WHERE workflow_id = ANY($1)
