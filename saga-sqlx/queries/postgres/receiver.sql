-- $1 the workflow, $2 its tenant.
SELECT status FROM orchestration_workflows WHERE workflow_id = $1 AND tenant_id = $2
