-- $1 the tenant. Few are open at any time, so they are counted.
SELECT count(*)
  FROM orchestration_workflow_steps AS s JOIN orchestration_workflows AS w ON w.workflow_id = s.workflow_id
 WHERE s.debt = 'open' AND w.tenant_id = $1
