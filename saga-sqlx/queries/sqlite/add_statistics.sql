-- ?1 rows of tenant_id, workflow_type, status, n, seconds.
INSERT INTO orchestration_statistics (tenant_id, workflow_type, status, n, seconds)
SELECT value ->> 'tenant_id', value ->> 'workflow_type', value ->> 'status', value ->> 'n', value ->> 'seconds'
  FROM jsonb_each(?1) WHERE true
    ON CONFLICT (tenant_id, workflow_type, status) DO UPDATE SET n = n + excluded.n, seconds = seconds + excluded.seconds
