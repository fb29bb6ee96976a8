-- $1 rows of tenant_id, workflow_type, status, n, seconds.
INSERT INTO orchestration_statistics (tenant_id, workflow_type, status, n, seconds)
SELECT r.tenant_id, r.workflow_type, r.status, r.n, r.seconds
  FROM json_to_recordset($1::json)
    AS r(tenant_id text, workflow_type text, status text, n bigint, seconds double precision)
