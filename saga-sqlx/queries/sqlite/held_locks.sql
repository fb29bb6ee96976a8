-- ?1 rows of tenant_id, lock_key: who holds them.
SELECT l.tenant_id, l.lock_key, l.workflow_id
  FROM jsonb_each(?1) AS wanted
 CROSS JOIN orchestration_locks AS l
    ON l.tenant_id = wanted.value ->> 'tenant_id' AND l.lock_key = wanted.value ->> 'lock_key'
