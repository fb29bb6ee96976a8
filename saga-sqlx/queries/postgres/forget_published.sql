-- $1 the time: what was kept until then, not so much at once that others wait for it. An array, so that they are looked
-- up and not joined with all that there are.
DELETE FROM orchestration_published_events WHERE event_id = ANY(ARRAY(
  SELECT event_id FROM orchestration_published_events WHERE kept_until <= $1::timestamptz
   ORDER BY kept_until LIMIT 1000 FOR UPDATE SKIP LOCKED))
