-- ?1 rows as in the table: compare-and-set on rev, of the very schedule that was seen.
UPDATE orchestration_schedules AS s SET
  workflow_type = u.value ->> 'workflow_type', input_data = u.value ->> 'input_data',
  exclusion = u.value ->> 'exclusion', cron = u.value ->> 'cron',
  time_zone = u.value ->> 'time_zone', overlap = u.value ->> 'overlap', catch_up = u.value ->> 'catch_up',
  priority = u.value ->> 'priority', paused = u.value ->> 'paused', next_at = u.value ->> 'next_at',
  queued_at = u.value ->> 'queued_at', last_at = u.value ->> 'last_at',
  last_workflow = u.value ->> 'last_workflow', due_at = u.value ->> 'due_at', rev = s.rev + 1
  FROM jsonb_each(?1) AS u
 WHERE s.tenant_id = u.value ->> 'tenant_id' AND s.name = u.value ->> 'name' AND s.rev = u.value ->> 'rev'
   AND s.created_at = u.value ->> 'created_at'
