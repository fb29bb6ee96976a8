-- ?1 rows as in the table. A higher rev replaces a lower one; the first record stays, the last heartbeat too.
INSERT INTO orchestration_workflow_steps AS s (
  workflow_id, run, step_order, item, rev, node, step_name, target_system, status, effect, attempts,
  undo_attempts, key_generation, deaths, input_data, output_data, compensation_data, heartbeat_data, carry,
  debt, debt_note, error_message, started_at, completed_at, failed_at)
SELECT
  value ->> 'workflow_id', value ->> 'run', value ->> 'step_order', value ->> 'item', value ->> 'rev',
  value ->> 'node', value ->> 'step_name', value ->> 'target_system', value ->> 'status', value ->> 'effect',
  value ->> 'attempts', value ->> 'undo_attempts', value ->> 'key_generation', value ->> 'deaths',
  value ->> 'input_data', value ->> 'output_data', value ->> 'compensation_data',
  value ->> 'heartbeat_data', value ->> 'carry', value ->> 'debt', value ->> 'debt_note',
  value ->> 'error_message', value ->> 'started_at', value ->> 'completed_at', value ->> 'failed_at'
  FROM jsonb_each(?1) WHERE true
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
