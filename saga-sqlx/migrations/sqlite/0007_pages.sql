-- Lists by status and by type are read in their order, however many workflows there are: of all statuses, `completed`
-- too, since there may be few of them between many others. An audit trail is read from any place on.
CREATE INDEX orchestration_workflows_status ON orchestration_workflows (tenant_id, status, created_at, workflow_id);
CREATE INDEX orchestration_workflows_type ON orchestration_workflows (tenant_id, workflow_type, created_at, workflow_id);
DROP INDEX orchestration_workflows_unfinished;
CREATE INDEX orchestration_events_trail ON orchestration_events (workflow_id, event_id);
