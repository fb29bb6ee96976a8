-- $1 workflow ids, $2 the writer or NULL: may it write, and what a batch of commits is judged by, in order. Until the
-- transaction ends nobody declares the writer dead, and nobody else writes these headers. The fence comes first: what
-- is not selected from is not locked.
WITH me AS MATERIALIZED (
  SELECT worker FROM orchestration_workers WHERE worker = $2 AND state = 'live' FOR KEY SHARE),
w AS MATERIALIZED (
  SELECT * FROM orchestration_workflows WHERE workflow_id = ANY($1::text[]) AND ($2 IS NULL OR EXISTS (SELECT FROM me))
   ORDER BY workflow_id FOR NO KEY UPDATE)
SELECT $2::bigint IS NULL OR EXISTS (SELECT FROM me) AS alive,
       json_agg(CASE WHEN w.workflow_id IS NOT NULL THEN json_build_object(
         'tenant_id', w.tenant_id, 'input_hash', w.input_hash, 'workflow_type', w.workflow_type, 'rev', w.rev,
         'status', w.status, 'worker', w.worker, 'last_commit', w.last_commit, 'created_by', w.created_by,
         'takeovers', w.takeovers, 'rolled_back_once', w.rolled_back_once::int,
         'exclusion', w.exclusion::text) END
         ORDER BY wanted.n)::text
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted(id, n)
  LEFT JOIN w ON w.workflow_id = wanted.id
