-- A batch in one statement, which is written as a whole or not at all. This one: facts that are new, of workflows that the worker
-- owns. $1 the worker, $2 workflow ids, $3 rows as in the table. Not ready: the worker is dead, or does not own them all, or one
-- of them has killed a worker; nothing was written then. The fence comes first: what is not selected from is not locked.
-- The owner is compared so that no index over owners is taken for it: a worker may own many.
WITH me AS MATERIALIZED (
  SELECT worker FROM orchestration_workers WHERE worker = $1 AND state = 'live' FOR KEY SHARE),
owned AS MATERIALIZED (
  SELECT w.workflow_id, w.rev FROM me, orchestration_workflows AS w
   WHERE w.workflow_id = ANY($2) AND coalesce(w.worker, 0) = me.worker AND w.takeovers = 0),
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
    FROM ready, json_to_recordset($3::json) AS r(
      workflow_id text, run int, step_order int, item text, rev bigint, node text, step_name text,
      target_system text, status text, effect text, attempts int, undo_attempts int, key_generation int,
      deaths int, input_data text, output_data text, compensation_data text, heartbeat_data text, carry text,
      debt text, debt_note text, error_message text, started_at timestamptz,
      completed_at timestamptz, failed_at timestamptz))
SELECT EXISTS (SELECT FROM ready) AS ready,
       ARRAY(SELECT owned.rev FROM unnest($2) WITH ORDINALITY AS e(id, n) JOIN owned ON owned.workflow_id = e.id ORDER BY e.n) AS revs
