-- ?1 rows of tenant_id, idempotency_key: the workflows that were started with them.
SELECT w.tenant_id, w.idempotency_key, w.workflow_id, w.input_hash, w.created_by
  FROM jsonb_each(?1) AS wanted
 CROSS JOIN orchestration_workflows AS w
    ON w.tenant_id = wanted.value ->> 'tenant_id' AND w.idempotency_key = wanted.value ->> 'idempotency_key'
