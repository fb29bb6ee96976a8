-- A batch in one statement, which is written as a whole or not at all. This one: starts too, facts that replace others, and lines for
-- the audit trail. $1 to $6 as for `batch_decisions.sql`, $7 headers, $8 exclusion keys, $9 search keys, $10 facts that may be
-- there already, $11 lines. Whoever was quicker with an id or a key makes it fail.
WITH me AS MATERIALIZED (
  SELECT worker FROM orchestration_workers WHERE worker = $1 AND state = 'live' FOR KEY SHARE),
owned AS MATERIALIZED (
  SELECT w.workflow_id, w.tenant_id, w.workflow_type, w.rev, w.status, w.rolled_back_once,
         w.exclusion::text <> '[]' AS excludes
    FROM me, unnest($2::text[], $3::bigint[], $4::text[]) AS e(id, rev, status)
    JOIN orchestration_workflows AS w ON w.workflow_id = e.id
   WHERE coalesce(w.worker, 0) = me.worker AND w.takeovers = 0 AND (e.rev IS NULL OR w.rev = e.rev AND w.status = e.status)),
ready AS MATERIALIZED (SELECT worker FROM me WHERE (SELECT count(*) FROM owned) = cardinality($2)),
new AS (
  INSERT INTO orchestration_workflows (
    workflow_id, tenant_id, initiator_id, idempotency_key, input_hash, workflow_type, definition_version,
    definition, total_steps, input_data, exclusion, search_keys, priority, deadline_at, max_retries, created_at,
    created_by, worker, updated_at, status, failure_reason, run, context, output_data, error_message,
    compensation_error, retry_count, rolled_back_once, turned_back, leaves_intents, current_step,
    current_system, wake_at, started_at, completed_at, failed_at)
  SELECT
    r.workflow_id, r.tenant_id, r.initiator_id, r.idempotency_key, r.input_hash, r.workflow_type,
    r.definition_version, r.definition, r.total_steps, r.input_data::json, r.exclusion::json,
    r.search_keys::json, r.priority, r.deadline_at, r.max_retries, r.created_at, r.created_by, r.worker,
    r.updated_at, r.status, r.failure_reason, r.run, r.context::json, r.output_data::json, r.error_message,
    r.compensation_error, r.retry_count, r.rolled_back_once, r.turned_back, r.leaves_intents,
    r.current_step, r.current_system, r.wake_at, r.started_at, r.completed_at, r.failed_at
    FROM ready, json_to_recordset($7::json) AS r(
      workflow_id text, tenant_id text, initiator_id text, idempotency_key text, input_hash text,
      workflow_type text, definition_version int, definition text, total_steps int, input_data text,
      exclusion text, search_keys text, priority int, deadline_at timestamptz, max_retries int,
      created_at timestamptz, created_by bigint, worker bigint, updated_at timestamptz, status text,
      failure_reason text, run int, context text, output_data text, error_message text,
      compensation_error text, retry_count int, rolled_back_once boolean, turned_back boolean,
      leaves_intents boolean, current_step text, current_system text, wake_at timestamptz,
      started_at timestamptz, completed_at timestamptz, failed_at timestamptz)
   ORDER BY r.tenant_id, r.idempotency_key, r.workflow_id
  RETURNING tenant_id, workflow_type, status),
locked AS (
  INSERT INTO orchestration_locks (tenant_id, lock_key, workflow_id)
  SELECT r.tenant_id, r.lock_key, r.workflow_id
    FROM ready, json_to_recordset($8::json) AS r(tenant_id text, lock_key text, workflow_id text)
   ORDER BY r.tenant_id, r.lock_key),
keyed AS (
  INSERT INTO orchestration_keys (tenant_id, search_key, workflow_id)
  SELECT DISTINCT r.tenant_id, r.search_key, r.workflow_id
    FROM ready, json_to_recordset($9::json) AS r(tenant_id text, search_key text, workflow_id text)),
facts AS (
  INSERT INTO orchestration_workflow_steps (
    workflow_id, run, step_order, item, rev, node, step_name, target_system, status, effect, attempts,
    undo_attempts, key_generation, deaths, input_data, output_data, compensation_data, heartbeat_data, carry,
    debt, debt_note, error_message, started_at, completed_at, failed_at)
  SELECT
    r.workflow_id, r.run, r.step_order, r.item, r.rev, r.node, r.step_name, r.target_system, r.status,
    r.effect, r.attempts, r.undo_attempts, r.key_generation, r.deaths, r.input_data::json,
    r.output_data::json, r.compensation_data::json, r.heartbeat_data::json, r.carry::json, r.debt, r.debt_note,
    r.error_message, r.started_at, r.completed_at, r.failed_at
    FROM ready, json_to_recordset($5::json) AS r(
      workflow_id text, run int, step_order int, item text, rev bigint, node text, step_name text,
      target_system text, status text, effect text, attempts int, undo_attempts int, key_generation int,
      deaths int, input_data text, output_data text, compensation_data text, heartbeat_data text, carry text,
      debt text, debt_note text, error_message text, started_at timestamptz,
      completed_at timestamptz, failed_at timestamptz)),
facts_again AS (
  INSERT INTO orchestration_workflow_steps AS s (
    workflow_id, run, step_order, item, rev, node, step_name, target_system, status, effect, attempts,
    undo_attempts, key_generation, deaths, input_data, output_data, compensation_data, heartbeat_data, carry,
    debt, debt_note, error_message, started_at, completed_at, failed_at)
  SELECT
    r.workflow_id, r.run, r.step_order, r.item, r.rev, r.node, r.step_name, r.target_system, r.status,
    r.effect, r.attempts, r.undo_attempts, r.key_generation, r.deaths, r.input_data::json,
    r.output_data::json, r.compensation_data::json, r.heartbeat_data::json, r.carry::json, r.debt, r.debt_note,
    r.error_message, r.started_at, r.completed_at, r.failed_at
    FROM ready, json_to_recordset($10::json) AS r(
      workflow_id text, run int, step_order int, item text, rev bigint, node text, step_name text,
      target_system text, status text, effect text, attempts int, undo_attempts int, key_generation int,
      deaths int, input_data text, output_data text, compensation_data text, heartbeat_data text, carry text,
      debt text, debt_note text, error_message text, started_at timestamptz,
      completed_at timestamptz, failed_at timestamptz)
      ON CONFLICT (workflow_id, run, step_order, item) DO UPDATE SET
    rev = excluded.rev, node = excluded.node, step_name = excluded.step_name,
    target_system = excluded.target_system, status = excluded.status, effect = excluded.effect,
    attempts = excluded.attempts, undo_attempts = excluded.undo_attempts,
    key_generation = excluded.key_generation, deaths = excluded.deaths, input_data = excluded.input_data,
    output_data = excluded.output_data,
    compensation_data = coalesce(s.compensation_data, excluded.compensation_data),
    heartbeat_data = excluded.heartbeat_data, carry = excluded.carry,
    debt = excluded.debt, debt_note = excluded.debt_note, error_message = excluded.error_message,
    started_at = excluded.started_at, completed_at = excluded.completed_at, failed_at = excluded.failed_at
   WHERE s.rev < excluded.rev),
head AS (
  UPDATE orchestration_workflows AS w SET
    status = u.status, failure_reason = u.failure_reason, run = u.run, context = u.context::json,
    output_data = u.output_data::json, error_message = u.error_message,
    compensation_error = u.compensation_error, retry_count = u.retry_count,
    rolled_back_once = u.rolled_back_once, turned_back = u.turned_back, leaves_intents = u.leaves_intents,
    current_step = u.current_step, current_system = u.current_system, wake_at = u.wake_at,
    started_at = u.started_at, completed_at = u.completed_at, failed_at = u.failed_at,
    rev = w.rev + 1, last_commit = u.commit_id,
    worker = CASE WHEN u.release THEN NULL ELSE w.worker END,
    unclean = coalesce(u.unclean, w.unclean),
    updated_at = greatest(w.updated_at, u.told)
    FROM ready, owned, json_to_recordset($6::json) AS u(
      workflow_id text, expected_rev bigint, commit_id bigint, release boolean, unclean boolean,
      told timestamptz, status text, failure_reason text, run int, context text, output_data text,
      error_message text, compensation_error text, retry_count int, rolled_back_once boolean,
      turned_back boolean, leaves_intents boolean, current_step text, current_system text,
      wake_at timestamptz, started_at timestamptz, completed_at timestamptz, failed_at timestamptz)
   WHERE w.workflow_id = ANY($2) AND w.workflow_id = u.workflow_id AND w.rev = u.expected_rev
     AND owned.workflow_id = u.workflow_id
  RETURNING w.workflow_id, owned.tenant_id, owned.workflow_type, owned.status AS before, w.status, owned.excludes,
    w.rolled_back_once AND NOT owned.rolled_back_once AS enters_rollback,
    CASE WHEN w.status = 'completed' AND owned.status <> 'completed'
         THEN greatest(extract(epoch FROM w.completed_at - w.started_at), 0) ELSE 0 END AS seconds),
freed AS (
  DELETE FROM orchestration_locks WHERE workflow_id = ANY(ARRAY(
    SELECT workflow_id FROM head WHERE excludes AND before <> status AND status IN ('completed', 'rolled_back')))),
told AS (
  INSERT INTO orchestration_events (workflow_id, commit_id, n, run, at, kind, node, attempt, message, actor)
  SELECT r.workflow_id, r.commit_id, r.n, r.run, r.at, r.kind, r.node, r.attempt, r.message, r.actor
    FROM ready, json_to_recordset($11::json) AS r(workflow_id text, commit_id bigint, n int, run int,
         at timestamptz, kind text, node text, attempt int, message text, actor text)
   ORDER BY r.workflow_id, r.n),
counted AS (
  INSERT INTO orchestration_statistics (tenant_id, workflow_type, status, n, seconds)
  SELECT tenant_id, workflow_type, status, sum(n), sum(seconds) FROM (
    SELECT tenant_id, workflow_type, status, 1, 0 FROM new UNION ALL
    SELECT tenant_id, workflow_type, before, -1, 0 FROM head WHERE before <> status UNION ALL
    SELECT tenant_id, workflow_type, status, 1, seconds FROM head WHERE before <> status UNION ALL
    SELECT tenant_id, workflow_type, 'entered_rollback', 1, 0 FROM head WHERE enters_rollback
  ) AS d(tenant_id, workflow_type, status, n, seconds)
  GROUP BY tenant_id, workflow_type, status HAVING sum(n) <> 0 OR sum(seconds) <> 0)
SELECT EXISTS (SELECT FROM ready) AS ready,
       ARRAY(SELECT owned.rev FROM unnest($2) WITH ORDINALITY AS e(id, n) JOIN owned ON owned.workflow_id = e.id ORDER BY e.n) AS revs,
       1 / (NOT EXISTS (SELECT FROM ready) OR (SELECT count(*) FROM head) = json_array_length($6::json))::int AS whole
