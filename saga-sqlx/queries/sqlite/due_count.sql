-- ?1 the present, ?2 rows of name, version: the definitions that the worker knows, ?3 how far to count. How many are due.
SELECT count(*) FROM (
  SELECT 1 FROM orchestration_workflows
   WHERE worker IS NULL AND wake_at <= ?1 AND status IN ('pending', 'running', 'waiting', 'rolling_back')
     AND (workflow_type, definition_version) IN (SELECT value ->> 'name', value ->> 'version' FROM jsonb_each(?2))
   LIMIT ?3)
