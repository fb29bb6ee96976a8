-- $1 tenant, $2 name.
DELETE FROM orchestration_schedules WHERE tenant_id = $1 AND name = $2
