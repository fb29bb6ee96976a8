-- What has ended, by when it was last written to: retention walks it from its oldest end.
CREATE INDEX orchestration_workflows_ended ON orchestration_workflows (status, updated_at)
  WHERE worker IS NULL AND status IN ('completed', 'rolled_back', 'failed');

-- A workflow's id comes first in every primary key of what belongs to a workflow.
ALTER TABLE orchestration_events DROP CONSTRAINT orchestration_events_pkey;
ALTER TABLE orchestration_events ADD PRIMARY KEY (workflow_id, event_id);
DROP INDEX orchestration_events_trail;
ALTER TABLE orchestration_signals DROP CONSTRAINT orchestration_signals_pkey;
ALTER TABLE orchestration_signals ADD PRIMARY KEY (workflow_id, signal_id);
DROP INDEX orchestration_signals_workflow;
