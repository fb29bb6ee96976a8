-- ?1 workflow ids, ?2 the writer or NULL: may it write, and what a batch of commits is judged by, in order. One
-- row for all of them: each row of an answer costs more than what is in it.
SELECT ?2 IS NULL OR EXISTS (SELECT 1 FROM orchestration_workers WHERE worker = ?2 AND state = 'live') AS alive,
       json_group_array(CASE WHEN w.workflow_id IS NOT NULL THEN json_object(
         'tenant_id', w.tenant_id, 'input_hash', w.input_hash, 'workflow_type', w.workflow_type, 'rev', w.rev,
         'status', w.status, 'worker', w.worker, 'last_commit', w.last_commit, 'created_by', w.created_by,
         'takeovers', w.takeovers, 'rolled_back_once', w.rolled_back_once, 'exclusion', w.exclusion) END
         ORDER BY wanted.key)
  FROM json_each(?1) AS wanted
  LEFT JOIN orchestration_workflows AS w ON w.workflow_id = wanted.value
