-- $1 triggers' names, $2 how many.
SELECT * FROM orchestration_triggered WHERE trigger_name = ANY($1) ORDER BY triggered_id LIMIT $2
