-- ?1 the present, ?2 rows of name, version: the definitions that the worker knows, ?3 how many, ?4 the tenant that had
-- the last turn or NULL: what is due, when that is not much, in turns.
WITH due AS MATERIALIZED (
  SELECT workflow_id, tenant_id, row_number() OVER (
           PARTITION BY tenant_id ORDER BY priority DESC, wake_at, created_at, workflow_id) AS round
    FROM orchestration_workflows
   WHERE worker IS NULL AND wake_at <= ?1 AND status IN ('pending', 'running', 'waiting', 'rolling_back')
     AND (workflow_type, definition_version) IN (SELECT value ->> 'name', value ->> 'version' FROM jsonb_each(?2)))
SELECT workflow_id FROM due
 ORDER BY round, coalesce(tenant_id <= ?4, false), tenant_id
 LIMIT ?3
