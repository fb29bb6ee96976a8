-- $1 workflow ids: their steps' rows, in order.
SELECT s.* FROM unnest($1::text[]) WITH ORDINALITY AS wanted(id, n)
  JOIN orchestration_workflow_steps AS s ON s.workflow_id = wanted.id
 ORDER BY wanted.n, s.run, s.step_order, s.item COLLATE "C"
