-- $1 tenant, $2 name, $3 key, $4 since when: the first one.
SELECT value, by, at, kept_until FROM orchestration_published_events
 WHERE tenant_id = $1 AND name = $2 AND event_key = $3 AND at >= $4::timestamptz
 ORDER BY at, event_id
 LIMIT 1
