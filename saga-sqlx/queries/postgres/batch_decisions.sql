-- A batch in one statement, which is written as a whole or not at all. This one: facts that are new, and decisions. $1 the worker,
-- $2 workflow ids, $3 and $4 the rev and status that a decision expects (else NULL), $5 facts, $6 decisions. Not ready: as for
-- `batch_facts.sql`, or a decision is refused. If one is refused after that look the division fails, and so does everything.
WITH me AS MATERIALIZED (
  SELECT worker FROM orchestration_workers WHERE worker = $1 AND state = 'live' FOR KEY SHARE),
owned AS MATERIALIZED (
  SELECT w.workflow_id, w.tenant_id, w.workflow_type, w.rev, w.status, w.rolled_back_once,
         w.exclusion::text <> '[]' AS excludes
    FROM me, unnest($2::text[], $3::bigint[], $4::text[]) AS e(id, rev, status)
    JOIN orchestration_workflows AS w ON w.workflow_id = e.id
   WHERE coalesce(w.worker, 0) = me.worker AND w.takeovers = 0 AND (e.rev IS NULL OR w.rev = e.rev AND w.status = e.status)),
ready AS MATERIALIZED (SELECT worker FROM me WHERE (SELECT count(*) FROM owned) = cardinality($2)),
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
counted AS (
  INSERT INTO orchestration_statistics (tenant_id, workflow_type, status, n, seconds)
  SELECT tenant_id, workflow_type, status, sum(n), sum(seconds) FROM (
    SELECT tenant_id, workflow_type, before, -1, 0 FROM head WHERE before <> status UNION ALL
    SELECT tenant_id, workflow_type, status, 1, seconds FROM head WHERE before <> status UNION ALL
    SELECT tenant_id, workflow_type, 'entered_rollback', 1, 0 FROM head WHERE enters_rollback
  ) AS d(tenant_id, workflow_type, status, n, seconds)
  GROUP BY tenant_id, workflow_type, status HAVING sum(n) <> 0 OR sum(seconds) <> 0)
SELECT EXISTS (SELECT FROM ready) AS ready,
       ARRAY(SELECT owned.rev FROM unnest($2) WITH ORDINALITY AS e(id, n) JOIN owned ON owned.workflow_id = e.id ORDER BY e.n) AS revs,
       1 / (NOT EXISTS (SELECT FROM ready) OR (SELECT count(*) FROM head) = json_array_length($6::json))::int AS whole
