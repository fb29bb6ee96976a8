-- ?1 rows of workflow_id, expected_rev, commit_id, release, unclean, told and the new state: compare-and-set.
UPDATE orchestration_workflows AS w SET
  status = u.value ->> 'status', failure_reason = u.value ->> 'failure_reason', run = u.value ->> 'run',
  context = u.value ->> 'context', output_data = u.value ->> 'output_data',
  error_message = u.value ->> 'error_message', compensation_error = u.value ->> 'compensation_error',
  retry_count = u.value ->> 'retry_count', rolled_back_once = u.value ->> 'rolled_back_once',
  turned_back = u.value ->> 'turned_back', leaves_intents = u.value ->> 'leaves_intents',
  current_step = u.value ->> 'current_step', current_system = u.value ->> 'current_system',
  wake_at = u.value ->> 'wake_at', started_at = u.value ->> 'started_at',
  completed_at = u.value ->> 'completed_at', failed_at = u.value ->> 'failed_at',
  rev = w.rev + 1, last_commit = u.value ->> 'commit_id',
  worker = CASE WHEN u.value ->> 'release' THEN NULL ELSE w.worker END,
  unclean = coalesce(u.value ->> 'unclean', w.unclean),
  updated_at = max(w.updated_at, u.value ->> 'told')
  FROM jsonb_each(?1) AS u
 WHERE w.workflow_id = u.value ->> 'workflow_id' AND w.rev = u.value ->> 'expected_rev'
