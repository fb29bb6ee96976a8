-- $1 ids.
DELETE FROM orchestration_triggered WHERE triggered_id = ANY($1)
