-- 1000000 workflows that have ended and ten thousand that live, as years of work would leave them. Indexes are taken
-- off and put back, and nothing is logged: it is the plans that are looked at.
CREATE TEMPORARY TABLE taken_off AS
  SELECT schemaname || '.' || indexname AS name, indexdef FROM pg_indexes
   WHERE schemaname = current_schema()
     AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'));
DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT * FROM taken_off LOOP EXECUTE 'DROP INDEX ' || one.name; END LOOP;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
    EXECUTE 'ALTER TABLE ' || one.tablename || ' SET UNLOGGED';
  END LOOP;
END $$;

INSERT INTO orchestration_workers (name, lease, lease_until, definitions, state)
SELECT 'worker ' || n, interval '1 hour', now() + interval '1 hour', '[{"name":"trip","version":1,"fingerprint":"f"}]',
       CASE WHEN n > 3 THEN 'dead' ELSE 'live' END
  FROM generate_series(1, 20) AS n;

INSERT INTO orchestration_workflows (
  workflow_id, tenant_id, idempotency_key, input_hash, workflow_type, definition_version, definition, total_steps,
  input_data, search_keys, max_retries, created_at, created_by, updated_at, status, current_step, current_system,
  worker, wake_at, started_at, completed_at)
SELECT 'wf_' || lpad(to_hex(n), 32, '0'), CASE n % 50 WHEN 7 THEN 'small' ELSE 'default' END,
       CASE WHEN n % 2 = 0 THEN 'key ' || n END, 'hash', CASE WHEN n % 10 = 3 THEN 'voyage' ELSE 'trip' END, 1,
       CASE WHEN n % 10 = 3 THEN 'voyage@1#f' ELSE 'trip@1#f' END, 7, '{"email":"john.doe@example.com"}',
       json_build_array('mail ' || n), 3, at, n, at,
       CASE WHEN n >= 1000000 THEN (ARRAY['pending', 'running', 'waiting', 'rolling_back'])[n % 4 + 1]
            WHEN n % 50 = 5 THEN 'failed' WHEN n % 50 = 15 THEN 'rolled_back' ELSE 'completed' END,
       CASE n % 50 WHEN 5 THEN 'activate_onu' WHEN 15 THEN 'configure_cpe' END,
       CASE n % 50 WHEN 5 THEN 'voltha' WHEN 15 THEN 'genieacs' END,
       CASE WHEN n >= 1000000 AND n % 4 IN (1, 3) THEN 1 + n % 3 END,
       CASE WHEN n >= 1000000 AND n % 4 IN (0, 2) THEN at END, at, at
  FROM (SELECT n, timestamptz '2025-10-15T12:00:00Z' + n * interval '1 s' AS at
          FROM generate_series(0, 1000000 + 9999) AS n) AS made;

INSERT INTO orchestration_workflow_steps (
  workflow_id, run, step_order, rev, node, step_name, target_system, status, effect, attempts, undo_attempts,
  key_generation, deaths, output_data, debt)
SELECT 'wf_' || lpad(to_hex(n), 32, '0'), 1, 0, 1, 'customer', 'create_customer', 'database', 'completed', 'done', 1, 0,
       0, 0, '{"customer_id":"cust_1"}', CASE WHEN n % 10000 = 5 THEN 'open' END
  FROM generate_series(0, 1000000 + 9999) AS n;

INSERT INTO orchestration_events (workflow_id, commit_id, n, run, at, kind, message)
SELECT 'wf_' || lpad(to_hex(n), 32, '0'), line, line, 1, now(), 'attempt_failed', 'refused'
  FROM generate_series(5, 1000000 + 9999, 10) AS n CROSS JOIN generate_series(1, 2) AS line;

INSERT INTO orchestration_keys
SELECT 'default', 'mail ' || n, 'wf_' || lpad(to_hex(n), 32, '0') FROM generate_series(0, 1000000 + 9999, 4) AS n;
INSERT INTO orchestration_locks
SELECT 'default', 'onu ' || n, 'wf_' || lpad(to_hex(n), 32, '0') FROM generate_series(1000000, 1000000 + 9999) AS n;
INSERT INTO orchestration_waits
SELECT 'default', 'online', 'onu ' || n, 'wf_' || lpad(to_hex(n), 32, '0') FROM generate_series(1000000 + 2, 1000000 + 9999, 4) AS n;
INSERT INTO orchestration_signals (workflow_id, kind, by)
SELECT 'wf_' || lpad(to_hex(n), 32, '0'), 'event', 'noc' FROM generate_series(1000000, 1000000 + 9999, 100) AS n;
INSERT INTO orchestration_published_events (tenant_id, name, event_key, value, at, kept_until)
SELECT 'default', 'online', 'onu ' || n, '1', now(), now() + interval '1 day' FROM generate_series(1, 50000) AS n;
INSERT INTO orchestration_statistics (tenant_id, workflow_type, status, n)
SELECT tenant_id, workflow_type, status, count(*) FROM orchestration_workflows GROUP BY 1, 2, 3;

DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT * FROM taken_off LOOP EXECUTE one.indexdef; END LOOP;
END $$;
ANALYZE;
