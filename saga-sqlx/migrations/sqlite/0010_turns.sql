-- What waits for a worker, by tenant and priority: tenants take turns, however much one of them has.
CREATE INDEX orchestration_workflows_turns
  ON orchestration_workflows (tenant_id, priority, wake_at, created_at, workflow_id)
  WHERE worker IS NULL AND wake_at IS NOT NULL;
