-- ?1 rows as in the table. Those of a commit that came before are there.
INSERT OR IGNORE INTO orchestration_events (
  workflow_id, commit_id, n, run, at, kind, node, attempt, message, actor)
SELECT
  value ->> 'workflow_id', value ->> 'commit_id', value ->> 'n', value ->> 'run', value ->> 'at',
  value ->> 'kind', value ->> 'node', value ->> 'attempt', value ->> 'message', value ->> 'actor'
  FROM jsonb_each(?1)
