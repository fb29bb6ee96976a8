-- $1 rows as in the table. Those of a commit that came before are there.
INSERT INTO orchestration_events (workflow_id, commit_id, n, run, at, kind, node, attempt, message, actor)
SELECT r.workflow_id, r.commit_id, r.n, r.run, r.at, r.kind, r.node, r.attempt, r.message, r.actor
  FROM json_to_recordset($1::json) AS r(workflow_id text, commit_id bigint, n int, run int, at timestamptz,
       kind text, node text, attempt int, message text, actor text)
    ON CONFLICT DO NOTHING
