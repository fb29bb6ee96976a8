-- $1 tenant, $2 name, $3 key, $4 since when, $5 of those of that time after which place: the first one.
SELECT event_id, value, by, at, kept_until FROM orchestration_published_events
 WHERE tenant_id = $1 AND name = $2 AND event_key = $3 AND at >= $4::timestamptz
   AND (at > $4::timestamptz OR event_id > $5)
 ORDER BY at, event_id
 LIMIT 1
