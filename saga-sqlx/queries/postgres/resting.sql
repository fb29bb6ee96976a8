-- $1 the status, $2 since when nobody has written to it, $3 how many are to be left or NULL, $4 how many at most: the
-- ones that have rested the longest, locked. What somebody is writing to is passed over, and so is what a person has
-- still to look at.
SELECT w.workflow_id, w.tenant_id, w.workflow_type, w.rolled_back_once, w.started_at, w.completed_at,
       w.search_keys::text AS search_keys
  FROM orchestration_workflows AS w
 WHERE w.status = $1 AND w.status IN ('completed', 'rolled_back', 'failed') AND w.worker IS NULL AND NOT w.unclean
   AND w.updated_at < $2::timestamptz
   AND coalesce(greatest(w.completed_at, w.failed_at) < $2::timestamptz, true)
   AND NOT EXISTS (
     SELECT FROM orchestration_workflow_steps AS s WHERE s.workflow_id = w.workflow_id AND s.debt = 'open')
 ORDER BY w.updated_at
 LIMIT least($4::bigint, greatest(0, coalesce(
   (SELECT sum(n)::bigint FROM orchestration_statistics WHERE status = $1) - $3::bigint, $4::bigint)))
   FOR UPDATE OF w SKIP LOCKED
