-- ?1 rows of tenant_id, search_key, workflow_id.
DELETE FROM orchestration_keys
 WHERE (tenant_id, search_key, workflow_id) IN (
   SELECT value ->> 'tenant_id', value ->> 'search_key', value ->> 'workflow_id' FROM json_each(?1))
