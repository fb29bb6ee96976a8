-- $1 a dead worker, $2 the present, $3 how many at most. Whatever it owned is unclean from now on, also what somebody
-- ended by hand while a step of it was under way; what is live is due at once. Several may do this side by side.
WITH orphans AS MATERIALIZED (
  SELECT workflow_id FROM orchestration_workflows
   WHERE worker = (SELECT worker FROM orchestration_workers WHERE worker = $1 AND state = 'dead')
   LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE orchestration_workflows AS w
   SET unclean = true,
       takeovers = w.takeovers + CASE WHEN w.status IN ('completed', 'rolled_back', 'failed') THEN 0 ELSE 1 END,
       wake_at = CASE WHEN w.status IN ('completed', 'rolled_back', 'failed') THEN w.wake_at ELSE w.created_at END,
       worker = NULL, rev = w.rev + 1, updated_at = greatest(w.updated_at, $2::timestamptz)
  FROM orphans WHERE w.workflow_id = orphans.workflow_id
