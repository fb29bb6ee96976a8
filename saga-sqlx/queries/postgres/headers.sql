-- $1 workflow ids: their headers, in order.
SELECT w.* FROM unnest($1::text[]) WITH ORDINALITY AS wanted(id, n)
  JOIN orchestration_workflows AS w ON w.workflow_id = wanted.id
 ORDER BY wanted.n
