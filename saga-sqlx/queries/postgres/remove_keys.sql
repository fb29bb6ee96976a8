-- $1 rows of tenant_id, search_key, workflow_id.
DELETE FROM orchestration_keys AS k
 USING json_to_recordset($1::json) AS r(tenant_id text, search_key text, workflow_id text)
 WHERE k.tenant_id = r.tenant_id AND k.search_key = r.search_key AND k.workflow_id = r.workflow_id
