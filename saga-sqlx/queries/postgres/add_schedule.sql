-- $1 rows as in the table. Nothing is written over.
INSERT INTO orchestration_schedules (
  tenant_id, name, workflow_type, input_data, exclusion, cron, time_zone, overlap, catch_up, priority, paused,
  next_at, queued_at, last_at, last_workflow, due_at, created_at, rev)
SELECT
  r.tenant_id, r.name, r.workflow_type, r.input_data::json, r.exclusion::json, r.cron, r.time_zone, r.overlap, r.catch_up, r.priority,
  r.paused, r.next_at, r.queued_at, r.last_at, r.last_workflow, r.due_at, r.created_at, 1
  FROM json_to_recordset($1::json) AS r(tenant_id text, name text, workflow_type text, input_data text, exclusion text, cron text,
    time_zone text, overlap text, catch_up bigint, priority int, paused boolean, next_at timestamptz, queued_at timestamptz,
    last_at timestamptz, last_workflow text, due_at timestamptz, created_at timestamptz, rev bigint)
    ON CONFLICT DO NOTHING
