-- $1 the present: what is due, and no live worker knows.
SELECT definition, count(*), min(wake_at),
       (SELECT d.watched_micros FROM orchestration_watched_definitions AS d WHERE d.definition = orchestration_workflows.definition)
  FROM orchestration_workflows
 WHERE worker IS NULL AND wake_at <= $1::timestamptz
   AND status IN ('pending', 'running', 'waiting', 'rolling_back')
   AND NOT EXISTS (
     SELECT FROM orchestration_workers AS w
      CROSS JOIN json_to_recordset(w.definitions) AS known(name text, version int)
      WHERE w.state = 'live' AND known.name = workflow_type AND known.version = definition_version)
 GROUP BY definition
