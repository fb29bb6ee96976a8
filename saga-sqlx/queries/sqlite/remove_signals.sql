-- ?1 rows of signal_id, workflow_id.
DELETE FROM orchestration_signals
 WHERE signal_id IN (SELECT value ->> 'signal_id' FROM jsonb_each(?1))
   AND (signal_id, workflow_id) IN (SELECT value ->> 'signal_id', value ->> 'workflow_id' FROM jsonb_each(?1))
