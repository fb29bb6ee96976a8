-- $1 rows of tenant_id, search_key, workflow_id.
INSERT INTO orchestration_keys (tenant_id, search_key, workflow_id)
SELECT r.tenant_id, r.search_key, r.workflow_id
  FROM json_to_recordset($1::json) AS r(tenant_id text, search_key text, workflow_id text)
    ON CONFLICT DO NOTHING
