-- ?1 the present, ?2 rows of name, version: the definitions that the worker knows, ?3 how many.
SELECT workflow_id
  FROM orchestration_workflows
 WHERE worker IS NULL AND wake_at <= ?1 AND status IN ('pending', 'running', 'waiting', 'rolling_back')
   AND (workflow_type, definition_version) IN (SELECT value ->> 'name', value ->> 'version' FROM jsonb_each(?2))
 ORDER BY priority DESC, wake_at, created_at, workflow_id
 LIMIT ?3
