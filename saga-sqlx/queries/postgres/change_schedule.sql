-- $1 rows as in the table: compare-and-set on rev, of the very schedule that was seen.
UPDATE orchestration_schedules AS s SET
  workflow_type = u.workflow_type, input_data = u.input_data::json, exclusion = u.exclusion::json, cron = u.cron,
  time_zone = u.time_zone, overlap = u.overlap, catch_up = u.catch_up, priority = u.priority, paused = u.paused,
  next_at = u.next_at, queued_at = u.queued_at, last_at = u.last_at, last_workflow = u.last_workflow,
  due_at = u.due_at, rev = s.rev + 1
  FROM json_to_recordset($1::json) AS u(tenant_id text, name text, workflow_type text, input_data text, exclusion text, cron text,
    time_zone text, overlap text, catch_up bigint, priority int, paused boolean, next_at timestamptz, queued_at timestamptz,
    last_at timestamptz, last_workflow text, due_at timestamptz, created_at timestamptz, rev bigint)
 WHERE s.tenant_id = u.tenant_id AND s.name = u.name AND s.rev = u.rev AND s.created_at = u.created_at
