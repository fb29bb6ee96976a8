-- ?1 rows as in the table. Nothing is written over.
INSERT INTO orchestration_schedules (
  tenant_id, name, workflow_type, input_data, exclusion, cron, time_zone, overlap, catch_up, priority, paused,
  next_at, queued_at, last_at, last_workflow, due_at, created_at, rev)
SELECT
  value ->> 'tenant_id', value ->> 'name', value ->> 'workflow_type', value ->> 'input_data',
  value ->> 'exclusion', value ->> 'cron', value ->> 'time_zone', value ->> 'overlap', value ->> 'catch_up', value ->> 'priority', value ->> 'paused',
  value ->> 'next_at', value ->> 'queued_at', value ->> 'last_at', value ->> 'last_workflow',
  value ->> 'due_at', value ->> 'created_at', 1
  FROM jsonb_each(?1)
 WHERE true
    ON CONFLICT DO NOTHING
