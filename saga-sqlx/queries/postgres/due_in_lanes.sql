-- As due.sql, when more is due than can be taken: a lane is what one tenant has of one priority, and of each no more is
-- read than can be taken. The lanes are found by leaps through their index, one per lane. Definitions are compared as one
-- text: joined with, they would be sorted after all of the lane has been read.
WITH RECURSIVE lanes AS (
  (SELECT tenant_id, priority FROM orchestration_workflows
    WHERE worker IS NULL AND wake_at IS NOT NULL
    ORDER BY tenant_id COLLATE "C", priority LIMIT 1)
  UNION ALL
  SELECT next.tenant_id, next.priority FROM lanes CROSS JOIN LATERAL (
    SELECT w.tenant_id, w.priority FROM orchestration_workflows AS w
     WHERE w.worker IS NULL AND w.wake_at IS NOT NULL
       AND (w.tenant_id COLLATE "C", w.priority) > (lanes.tenant_id COLLATE "C", lanes.priority)
     ORDER BY w.tenant_id COLLATE "C", w.priority LIMIT 1) AS next),
due AS MATERIALIZED (
  SELECT head.workflow_id, lanes.tenant_id, row_number() OVER (
           PARTITION BY lanes.tenant_id COLLATE "C"
           ORDER BY lanes.priority DESC, head.wake_at, head.created_at, head.workflow_id) AS round
    FROM lanes CROSS JOIN LATERAL (
      SELECT w.workflow_id, w.wake_at, w.created_at FROM orchestration_workflows AS w
       WHERE w.worker IS NULL AND w.wake_at <= $1::timestamptz
         AND w.tenant_id COLLATE "C" = lanes.tenant_id COLLATE "C" AND w.priority = lanes.priority
         AND w.status IN ('pending', 'running', 'waiting', 'rolling_back')
         AND w.workflow_type || '@' || w.definition_version = ANY (ARRAY(
           SELECT known.name || '@' || known.version FROM json_to_recordset($2::json) AS known(name text, version int)))
       ORDER BY w.wake_at, w.created_at, w.workflow_id
       LIMIT $3) AS head)
SELECT w.workflow_id FROM due JOIN orchestration_workflows AS w ON w.workflow_id = due.workflow_id
 WHERE w.worker IS NULL AND w.wake_at <= $1::timestamptz
   AND w.status IN ('pending', 'running', 'waiting', 'rolling_back')
 ORDER BY due.round, coalesce(due.tenant_id COLLATE "C" <= $4::text COLLATE "C", false), due.tenant_id COLLATE "C"
 LIMIT $3
   FOR NO KEY UPDATE OF w SKIP LOCKED
