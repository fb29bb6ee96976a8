-- How far the attempts of a step have come: the next one begins there. A column, and not a table beside it, because it is
-- fenced, ordered and forgotten as its row is. Adding it rewrites nothing.
ALTER TABLE orchestration_workflow_steps ADD COLUMN heartbeat_data JSON;
COMMENT ON COLUMN orchestration_workflow_steps.heartbeat_data IS 'How far its attempts have come; gone when it is done.';
