-- ?1 the present, ?2 how many.
SELECT * FROM orchestration_schedules WHERE due_at <= ?1 ORDER BY due_at, tenant_id, name LIMIT ?2
