-- $1 tenant, $2 name, $3 key, $4 value, $5 by whom, $6 when, $7 until when it is kept: for each trigger of the event.
INSERT INTO orchestration_triggered (trigger_name, tenant_id, name, event_key, value, by, at, kept_until)
SELECT trigger_name, $1, $2, $3, $4::json, $5, $6::timestamptz, $7::timestamptz
  FROM orchestration_triggers WHERE event_name = $2
