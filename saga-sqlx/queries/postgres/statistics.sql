-- $1 the tenant.
SELECT workflow_type, status, sum(n)::bigint, sum(seconds) FROM orchestration_statistics
 WHERE tenant_id = $1 GROUP BY workflow_type, status
