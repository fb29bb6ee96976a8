-- What has ended, by when it was last written to: retention walks it from its oldest end.
CREATE INDEX orchestration_workflows_ended ON orchestration_workflows (status, updated_at)
  WHERE worker IS NULL AND status IN ('completed', 'rolled_back', 'failed');
