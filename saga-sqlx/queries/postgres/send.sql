-- $1 workflow ids, $2 kind, $3 by whom, $4 the present, $5 the tenant: puts a message into the inboxes of those that are
-- live, and raises their rev; what nobody owns is due at once. $6 the channel of hints. Their owners, one row each.
WITH receivers AS MATERIALIZED (
  SELECT workflow_id FROM orchestration_workflows
   WHERE workflow_id = ANY($1) AND tenant_id = $5
     AND status IN ('pending', 'running', 'waiting', 'rolling_back')
   ORDER BY workflow_id FOR NO KEY UPDATE),
raised AS (
  UPDATE orchestration_workflows AS w
     SET rev = w.rev + 1, wake_at = CASE WHEN w.worker IS NULL THEN w.created_at ELSE w.wake_at END,
         updated_at = greatest(w.updated_at, $4::timestamptz)
    FROM receivers WHERE w.workflow_id = receivers.workflow_id
  RETURNING w.workflow_id, w.worker),
sent AS (
  INSERT INTO orchestration_signals (workflow_id, kind, by)
  SELECT workflow_id, $2, $3 FROM raised ORDER BY workflow_id)
SELECT worker FROM (SELECT worker, pg_notify($6, coalesce(worker::text, 'any')) FROM raised) AS told
