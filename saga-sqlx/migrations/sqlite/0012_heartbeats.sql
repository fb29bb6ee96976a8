-- How far the attempts of a step have come: the next one begins there. A column, and not a table beside it, because it is
-- fenced, ordered and forgotten as its row is.
ALTER TABLE orchestration_workflow_steps ADD COLUMN heartbeat_data TEXT;
