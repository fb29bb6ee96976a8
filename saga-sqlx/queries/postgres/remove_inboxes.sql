-- $1 workflow ids: whole inboxes.
DELETE FROM orchestration_signals WHERE workflow_id = ANY($1)
