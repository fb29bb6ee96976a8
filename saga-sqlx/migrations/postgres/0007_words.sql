-- Words that nobody knows are refused, as a header's status is. What stands there already was written by programs, which
-- know the words: it is not looked through, which would stop everybody who writes meanwhile.
ALTER TABLE orchestration_workflows
  ADD CONSTRAINT orchestration_workflows_failure_reason_is_known CHECK (failure_reason IN
    ('debts', 'parked', 'poison', 'definition', 'configuration', 'operator')) NOT VALID;
ALTER TABLE orchestration_workflow_steps
  ADD CONSTRAINT orchestration_workflow_steps_status_is_known CHECK (status IN
    ('pending', 'running', 'completed', 'failed', 'skipped', 'compensating', 'compensated', 'compensation_failed')) NOT VALID,
  ADD CONSTRAINT orchestration_workflow_steps_effect_is_known CHECK (effect IN ('none', 'unknown', 'done')) NOT VALID,
  ADD CONSTRAINT orchestration_workflow_steps_debt_is_known CHECK (debt IN ('open', 'settled', 'forgiven')) NOT VALID;

COMMENT ON TABLE orchestration_schema IS 'The migrations of these tables, and which programs each still works with.';
COMMENT ON COLUMN orchestration_schema.works_from IS 'The oldest version whose programs work on these tables.';
COMMENT ON TABLE orchestration_store IS 'Which database this is: a transaction of the user''s own is held against it.';
COMMENT ON COLUMN orchestration_workflows.status IS 'pending, running, waiting, completed, rolling_back, rolled_back or failed. Set by hand it sticks.';
COMMENT ON COLUMN orchestration_workflows.failure_reason IS 'Why a person is needed.';
COMMENT ON COLUMN orchestration_workflows.run IS 'One forward pass; an operator''s retry may begin another.';
COMMENT ON COLUMN orchestration_workflows.worker IS 'Who runs it; nobody while it is NULL.';
COMMENT ON COLUMN orchestration_workflows.wake_at IS 'From when on somebody should take it; NULL if only a message can wake it.';
COMMENT ON COLUMN orchestration_workflows.takeovers IS 'How many of its workers died since a step of it was done.';
COMMENT ON COLUMN orchestration_workflow_steps.effect IS 'What the attempts left behind.';
COMMENT ON COLUMN orchestration_workflow_steps.deaths IS 'How many workers died while it was under way.';
COMMENT ON COLUMN orchestration_workflow_steps.key_generation IS 'Raised when a manual re-run needs a new idempotency key.';
COMMENT ON COLUMN orchestration_workflow_steps.debt IS 'An effect that could not be undone: open, settled by a person, or forgiven.';
