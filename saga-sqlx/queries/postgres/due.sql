-- $1 the present, $2 rows of name, version: the definitions that the worker knows, $3 how many, $4 the tenant that had
-- the last turn or NULL: what is due, when that is not much, in turns. It is locked for the worker; what somebody else
-- is taking is passed over.
WITH due AS MATERIALIZED (
  SELECT workflow_id, tenant_id, row_number() OVER (
           PARTITION BY tenant_id COLLATE "C" ORDER BY priority DESC, wake_at, created_at, workflow_id) AS round
    FROM orchestration_workflows
   WHERE worker IS NULL AND wake_at <= $1::timestamptz
     AND status IN ('pending', 'running', 'waiting', 'rolling_back')
     AND workflow_type || '@' || definition_version = ANY (ARRAY(
           SELECT known.name || '@' || known.version FROM json_to_recordset($2::json) AS known(name text, version int))))
SELECT w.workflow_id FROM due JOIN orchestration_workflows AS w ON w.workflow_id = due.workflow_id
 WHERE w.worker IS NULL AND w.wake_at <= $1::timestamptz
   AND w.status IN ('pending', 'running', 'waiting', 'rolling_back')
 ORDER BY due.round, coalesce(due.tenant_id COLLATE "C" <= $4::text COLLATE "C", false), due.tenant_id COLLATE "C"
 LIMIT $3
   FOR NO KEY UPDATE OF w SKIP LOCKED
