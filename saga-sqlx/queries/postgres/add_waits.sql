-- $1 rows as in the table.
INSERT INTO orchestration_waits (tenant_id, name, event_key, workflow_id)
SELECT r.tenant_id, r.name, r.event_key, r.workflow_id
  FROM json_to_recordset($1::json) AS r(tenant_id text, name text, event_key text, workflow_id text)
    ON CONFLICT DO NOTHING
