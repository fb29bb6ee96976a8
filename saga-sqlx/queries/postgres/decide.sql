-- $1 rows of workflow_id, expected_rev, commit_id, release, unclean, told and the new state: compare-and-set.
UPDATE orchestration_workflows AS w SET
  status = u.status, failure_reason = u.failure_reason, run = u.run, context = u.context::json,
  output_data = u.output_data::json, error_message = u.error_message,
  compensation_error = u.compensation_error, retry_count = u.retry_count,
  rolled_back_once = u.rolled_back_once, turned_back = u.turned_back, leaves_intents = u.leaves_intents,
  current_step = u.current_step, current_system = u.current_system, wake_at = u.wake_at,
  started_at = u.started_at, completed_at = u.completed_at, failed_at = u.failed_at,
  rev = w.rev + 1, last_commit = u.commit_id,
  worker = CASE WHEN u.release THEN NULL ELSE w.worker END,
  unclean = coalesce(u.unclean, w.unclean),
  updated_at = greatest(w.updated_at, u.told)
  FROM json_to_recordset($1::json) AS u(
    workflow_id text, expected_rev bigint, commit_id bigint, release boolean, unclean boolean,
    told timestamptz, status text, failure_reason text, run int, context text, output_data text,
    error_message text, compensation_error text, retry_count int, rolled_back_once boolean,
    turned_back boolean, leaves_intents boolean, current_step text, current_system text,
    wake_at timestamptz, started_at timestamptz, completed_at timestamptz, failed_at timestamptz)
 WHERE w.workflow_id = u.workflow_id AND w.rev = u.expected_rev
