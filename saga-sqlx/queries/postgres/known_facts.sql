-- $1 rows of workflow_id, run, step_order, item, rev: is one of them, or a later one, stored already?
SELECT EXISTS (
  SELECT FROM json_to_recordset($1::json) AS f(workflow_id text, run int, step_order int, item text, rev bigint)
    JOIN orchestration_workflow_steps AS s
      ON s.workflow_id = f.workflow_id AND s.run = f.run AND s.step_order = f.step_order AND s.item = f.item
   WHERE s.rev >= f.rev)
