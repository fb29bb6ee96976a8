-- ?1 workflow ids, ?2 the worker, ?3 the present.
UPDATE orchestration_workflows
   SET worker = ?2, wake_at = NULL, rev = rev + 1, updated_at = max(updated_at, ?3)
 WHERE workflow_id IN (SELECT value FROM json_each(?1))
