-- $1 rows as in the table: headers of new workflows, rev 0. In one order, so that two batches do not wait for each other.
INSERT INTO orchestration_workflows (
  workflow_id, tenant_id, initiator_id, idempotency_key, input_hash, workflow_type, definition_version,
  definition, total_steps, input_data, exclusion, search_keys, priority, deadline_at, max_retries, created_at,
  created_by, worker, updated_at, status, failure_reason, run, context, output_data, error_message,
  compensation_error, retry_count, rolled_back_once, turned_back, leaves_intents, current_step,
  current_system, wake_at, started_at, completed_at, failed_at)
SELECT
  r.workflow_id, r.tenant_id, r.initiator_id, r.idempotency_key, r.input_hash, r.workflow_type,
  r.definition_version, r.definition, r.total_steps, r.input_data::json, r.exclusion::json,
  r.search_keys::json, r.priority, r.deadline_at, r.max_retries, r.created_at, r.created_by, r.worker,
  r.updated_at, r.status, r.failure_reason, r.run, r.context::json, r.output_data::json, r.error_message,
  r.compensation_error, r.retry_count, r.rolled_back_once, r.turned_back, r.leaves_intents,
  r.current_step, r.current_system, r.wake_at, r.started_at, r.completed_at, r.failed_at
  FROM json_to_recordset($1::json) AS r(
    workflow_id text, tenant_id text, initiator_id text, idempotency_key text, input_hash text,
    workflow_type text, definition_version int, definition text, total_steps int, input_data text,
    exclusion text, search_keys text, priority int, deadline_at timestamptz, max_retries int,
    created_at timestamptz, created_by bigint, worker bigint, updated_at timestamptz, status text,
    failure_reason text, run int, context text, output_data text, error_message text,
    compensation_error text, retry_count int, rolled_back_once boolean, turned_back boolean,
    leaves_intents boolean, current_step text, current_system text, wake_at timestamptz,
    started_at timestamptz, completed_at timestamptz, failed_at timestamptz)
 ORDER BY r.tenant_id, r.idempotency_key, r.workflow_id
