-- As due.sql, when more is due than can be taken: a lane is what one tenant has of one priority, and of each no more is
-- read than can be taken. The lanes are found by leaps through their index, one per lane; the `+` lets it be used for both
-- columns.
WITH RECURSIVE lanes (tenant_id, priority) AS (
  SELECT * FROM (SELECT tenant_id, priority FROM orchestration_workflows
                  WHERE worker IS NULL AND wake_at IS NOT NULL ORDER BY tenant_id, priority LIMIT 1)
  UNION ALL
  SELECT next.tenant_id, next.priority FROM lanes JOIN orchestration_workflows AS next ON next.workflow_id = (
    SELECT workflow_id FROM orchestration_workflows AS w
     WHERE w.worker IS NULL AND w.wake_at IS NOT NULL
       AND (w.tenant_id, w.priority) > (+lanes.tenant_id, +lanes.priority)
     ORDER BY w.tenant_id, w.priority LIMIT 1)),
due AS MATERIALIZED (
  SELECT head.workflow_id, head.tenant_id, row_number() OVER (
           PARTITION BY head.tenant_id
           ORDER BY head.priority DESC, head.wake_at, head.created_at, head.workflow_id) AS round
    FROM lanes JOIN orchestration_workflows AS head ON head.workflow_id IN (
      SELECT workflow_id FROM orchestration_workflows AS w
       WHERE w.worker IS NULL AND w.tenant_id = lanes.tenant_id AND w.priority = lanes.priority AND w.wake_at <= ?1
         AND w.status IN ('pending', 'running', 'waiting', 'rolling_back')
         AND (w.workflow_type, w.definition_version) IN (
           SELECT value ->> 'name', value ->> 'version' FROM jsonb_each(?2))
       ORDER BY w.wake_at, w.created_at, w.workflow_id
       LIMIT ?3))
SELECT workflow_id FROM due
 ORDER BY round, coalesce(tenant_id <= ?4, false), tenant_id
 LIMIT ?3
