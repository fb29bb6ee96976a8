-- $1 rows of tenant_id, lock_key: who holds them.
SELECT l.tenant_id, l.lock_key, l.workflow_id
  FROM json_to_recordset($1::json) AS wanted(tenant_id text, lock_key text)
  JOIN orchestration_locks AS l ON l.tenant_id = wanted.tenant_id AND l.lock_key = wanted.lock_key
