-- ?1 workflow ids, ?2 the writer or NULL: what a batch of commits is judged by, one row per id, in order.
SELECT w.workflow_id, w.tenant_id, w.input_hash, w.workflow_type, w.rev, w.status, w.worker, w.last_commit, w.created_by, w.takeovers,
       w.rolled_back_once, w.exclusion,
       ?2 IS NULL OR EXISTS (SELECT 1 FROM orchestration_workers WHERE worker = ?2 AND state = 'live') AS alive
  FROM json_each(?1) AS wanted
  LEFT JOIN orchestration_workflows AS w ON w.workflow_id = wanted.value
 ORDER BY wanted.key
