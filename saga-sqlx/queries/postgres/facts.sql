-- $1 rows as in the table. A higher rev replaces a lower one; the first record stays, the last heartbeat too.
INSERT INTO orchestration_workflow_steps AS s (
  workflow_id, run, step_order, item, rev, node, step_name, target_system, status, effect, attempts,
  undo_attempts, key_generation, deaths, input_data, output_data, compensation_data, heartbeat_data, carry,
  debt, debt_note, error_message, started_at, completed_at, failed_at)
SELECT
  r.workflow_id, r.run, r.step_order, r.item, r.rev, r.node, r.step_name, r.target_system, r.status,
  r.effect, r.attempts, r.undo_attempts, r.key_generation, r.deaths, r.input_data::json,
  r.output_data::json, r.compensation_data::json, r.heartbeat_data::json, r.carry::json, r.debt, r.debt_note,
  r.error_message, r.started_at, r.completed_at, r.failed_at
  FROM json_to_recordset($1::json) AS r(
    workflow_id text, run int, step_order int, item text, rev bigint, node text, step_name text,
    target_system text, status text, effect text, attempts int, undo_attempts int, key_generation int,
    deaths int, input_data text, output_data text, compensation_data text, heartbeat_data text, carry text,
    debt text, debt_note text, error_message text, started_at timestamptz,
    completed_at timestamptz, failed_at timestamptz)
    ON CONFLICT (workflow_id, run, step_order, item) DO UPDATE SET
  rev = excluded.rev, node = excluded.node, step_name = excluded.step_name,
  target_system = excluded.target_system, status = excluded.status, effect = excluded.effect,
  attempts = excluded.attempts, undo_attempts = excluded.undo_attempts,
  key_generation = excluded.key_generation, deaths = excluded.deaths, input_data = excluded.input_data,
  output_data = excluded.output_data,
  compensation_data = coalesce(s.compensation_data, excluded.compensation_data),
  heartbeat_data = excluded.heartbeat_data, carry = excluded.carry,
  debt = excluded.debt, debt_note = excluded.debt_note, error_message = excluded.error_message,
  started_at = excluded.started_at, completed_at = excluded.completed_at, failed_at = excluded.failed_at
 WHERE s.rev < excluded.rev
