-- $1 the present, $2 rows of name, version: the definitions that the worker knows, $3 how many. They are locked for it;
-- what somebody else is taking is passed over.
SELECT workflow_id
  FROM orchestration_workflows
 WHERE worker IS NULL AND wake_at <= $1::timestamptz
   AND status IN ('pending', 'running', 'waiting', 'rolling_back')
   AND (workflow_type, definition_version) IN (
     SELECT known.name, known.version FROM json_to_recordset($2::json) AS known(name text, version int))
 ORDER BY priority DESC, wake_at, created_at, workflow_id
 LIMIT $3
   FOR NO KEY UPDATE SKIP LOCKED
