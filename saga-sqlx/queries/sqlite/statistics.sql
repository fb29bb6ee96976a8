-- ?1 the tenant.
SELECT workflow_type, status, n, seconds FROM orchestration_statistics WHERE tenant_id = ?1
