-- ?1 the status, ?2 since when nobody has written to it, ?3 how many are to be left or NULL, ?4 how many at most: the
-- ones that have rested the longest. What a person has still to look at is passed over.
SELECT w.workflow_id, w.tenant_id, w.workflow_type, w.rolled_back_once, w.started_at, w.completed_at, w.search_keys
  FROM orchestration_workflows AS w INDEXED BY orchestration_workflows_ended
 WHERE w.status = ?1 AND w.status IN ('completed', 'rolled_back', 'failed') AND w.worker IS NULL AND NOT w.unclean
   AND w.updated_at < ?2
   AND coalesce(julianday(w.completed_at) < julianday(?2), true)
   AND coalesce(julianday(w.failed_at) < julianday(?2), true)
   AND NOT EXISTS (
     SELECT 1 FROM orchestration_workflow_steps AS s WHERE s.workflow_id = w.workflow_id AND s.debt = 'open')
 ORDER BY w.updated_at
 LIMIT min(?4, max(0, coalesce((SELECT total(n) FROM orchestration_statistics WHERE status = ?1) - ?3, ?4)))
