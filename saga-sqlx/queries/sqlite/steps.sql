-- ?1 workflow ids: their steps' rows, in order.
SELECT s.* FROM json_each(?1) AS wanted CROSS JOIN orchestration_workflow_steps AS s ON s.workflow_id = wanted.value
 ORDER BY wanted.key, s.run, s.step_order, s.item
