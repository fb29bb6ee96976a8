-- $1 tenant.
SELECT * FROM orchestration_schedules WHERE tenant_id = $1 ORDER BY name COLLATE "C"
