-- $1 rows of tenant_id, idempotency_key: the workflows that were started with them.
SELECT w.tenant_id, w.idempotency_key, w.workflow_id, w.input_hash, w.created_by
  FROM json_to_recordset($1::json) AS wanted(tenant_id text, idempotency_key text)
  JOIN orchestration_workflows AS w
    ON w.tenant_id = wanted.tenant_id AND w.idempotency_key = wanted.idempotency_key
