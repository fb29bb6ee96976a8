-- $1 rows of signal_id, workflow_id.
DELETE FROM orchestration_signals AS s
 USING json_to_recordset($1::json) AS r(signal_id bigint, workflow_id text)
 WHERE s.signal_id = r.signal_id AND s.workflow_id = r.workflow_id
