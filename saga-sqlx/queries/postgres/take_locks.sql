-- $1 rows of tenant_id, lock_key, workflow_id. That nobody holds them was asked before; who is quicker all the same
-- fails the batch. In one order, so that two batches do not wait for each other.
INSERT INTO orchestration_locks (tenant_id, lock_key, workflow_id)
SELECT r.tenant_id, r.lock_key, r.workflow_id
  FROM json_to_recordset($1::json) AS r(tenant_id text, lock_key text, workflow_id text)
 ORDER BY r.tenant_id, r.lock_key
