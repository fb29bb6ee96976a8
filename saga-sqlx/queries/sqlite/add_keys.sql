-- ?1 rows of tenant_id, search_key, workflow_id.
INSERT OR IGNORE INTO orchestration_keys (tenant_id, search_key, workflow_id)
SELECT value ->> 'tenant_id', value ->> 'search_key', value ->> 'workflow_id' FROM jsonb_each(?1)
