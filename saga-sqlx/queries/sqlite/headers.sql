-- ?1 workflow ids: their headers, in order.
SELECT w.* FROM json_each(?1) AS wanted CROSS JOIN orchestration_workflows AS w ON w.workflow_id = wanted.value
 ORDER BY wanted.key
