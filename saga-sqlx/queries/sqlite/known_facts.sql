-- ?1 rows of workflow_id, run, step_order, item, rev: is one of them, or a later one, stored already?
SELECT EXISTS (
  SELECT 1 FROM jsonb_each(?1) AS f
   CROSS JOIN orchestration_workflow_steps AS s
      ON s.workflow_id = f.value ->> 'workflow_id' AND s.run = f.value ->> 'run'
     AND s.step_order = f.value ->> 'step_order' AND s.item = f.value ->> 'item'
   WHERE s.rev >= f.value ->> 'rev')
