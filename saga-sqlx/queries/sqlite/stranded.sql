-- ?1 the present: what is due, and no live worker knows.
SELECT definition, count(*), min(wake_at),
       (SELECT d.watched_micros FROM orchestration_watched_definitions AS d WHERE d.definition = orchestration_workflows.definition)
  FROM orchestration_workflows
 WHERE worker IS NULL AND wake_at <= ?1 AND status IN ('pending', 'running', 'waiting', 'rolling_back')
   AND (workflow_type, definition_version) NOT IN (
     SELECT known.value ->> 'name', known.value ->> 'version'
       FROM orchestration_workers AS w, json_each(w.definitions) AS known
      WHERE w.state = 'live')
 GROUP BY definition
