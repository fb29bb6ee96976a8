-- $1 the present, $2 rows of name, version: the definitions that the worker knows, $3 how far to count. How many are due.
SELECT count(*) FROM (
  SELECT FROM orchestration_workflows
   WHERE worker IS NULL AND wake_at <= $1::timestamptz
     AND status IN ('pending', 'running', 'waiting', 'rolling_back')
     AND workflow_type || '@' || definition_version = ANY (ARRAY(
           SELECT known.name || '@' || known.version FROM json_to_recordset($2::json) AS known(name text, version int)))
   LIMIT $3) AS due
