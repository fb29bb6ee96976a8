-- ?1 rows as in the table.
INSERT OR IGNORE INTO orchestration_waits (tenant_id, name, event_key, workflow_id)
SELECT value ->> 'tenant_id', value ->> 'name', value ->> 'event_key', value ->> 'workflow_id' FROM jsonb_each(?1)
