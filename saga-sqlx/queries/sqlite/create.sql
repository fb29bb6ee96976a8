-- ?1 rows as in the table: headers of new workflows, rev 0.
INSERT INTO orchestration_workflows (
  workflow_id, tenant_id, initiator_id, idempotency_key, input_hash, workflow_type, definition_version,
  definition, total_steps, input_data, exclusion, search_keys, priority, deadline_at, max_retries, created_at,
  created_by, worker, updated_at, status, failure_reason, run, context, output_data, error_message,
  compensation_error, retry_count, rolled_back_once, turned_back, leaves_intents, current_step,
  current_system, wake_at, started_at, completed_at, failed_at)
SELECT
  value ->> 'workflow_id', value ->> 'tenant_id', value ->> 'initiator_id', value ->> 'idempotency_key',
  value ->> 'input_hash', value ->> 'workflow_type', value ->> 'definition_version', value ->> 'definition',
  value ->> 'total_steps', value ->> 'input_data', value ->> 'exclusion', value ->> 'search_keys',
  value ->> 'priority', value ->> 'deadline_at', value ->> 'max_retries', value ->> 'created_at',
  value ->> 'created_by', value ->> 'worker', value ->> 'updated_at', value ->> 'status',
  value ->> 'failure_reason', value ->> 'run', value ->> 'context', value ->> 'output_data',
  value ->> 'error_message', value ->> 'compensation_error', value ->> 'retry_count',
  value ->> 'rolled_back_once', value ->> 'turned_back', value ->> 'leaves_intents',
  value ->> 'current_step', value ->> 'current_system', value ->> 'wake_at',
  value ->> 'started_at', value ->> 'completed_at', value ->> 'failed_at'
  FROM jsonb_each(?1)
