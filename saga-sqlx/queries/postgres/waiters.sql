-- $1 tenant, $2 name, $3 key: the live workflows that wait for it.
SELECT w.workflow_id
  FROM orchestration_waits AS r JOIN orchestration_workflows AS w ON w.workflow_id = r.workflow_id
 WHERE r.tenant_id = $1 AND r.name = $2 AND r.event_key = $3
   AND w.status IN ('pending', 'running', 'waiting', 'rolling_back')
