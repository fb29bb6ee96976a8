-- $1 the worker: the messages for what it owns, oldest first.
SELECT s.signal_id, s.workflow_id, s.kind, s.by, w.rev
  FROM orchestration_signals AS s JOIN orchestration_workflows AS w ON w.workflow_id = s.workflow_id
 WHERE w.worker = $1
 ORDER BY s.signal_id
 LIMIT 1000
