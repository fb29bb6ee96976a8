-- ?1 rows of tenant_id, lock_key, workflow_id. That nobody holds them was asked before.
INSERT INTO orchestration_locks (tenant_id, lock_key, workflow_id)
SELECT value ->> 'tenant_id', value ->> 'lock_key', value ->> 'workflow_id' FROM jsonb_each(?1)
