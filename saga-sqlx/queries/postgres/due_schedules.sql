-- $1 the present, $2 how many.
SELECT * FROM orchestration_schedules WHERE due_at <= $1::timestamptz ORDER BY due_at, tenant_id COLLATE "C", name COLLATE "C" LIMIT $2
