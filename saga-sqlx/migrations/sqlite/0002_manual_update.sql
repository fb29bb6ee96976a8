-- A person's `UPDATE … SET status = …` does not raise `rev`; every writer of ours does. It must stick: the
-- owner's next decision finds another `rev` and is refused. The counts and the exclusion keys follow.
CREATE TRIGGER orchestration_manual_update
AFTER UPDATE OF status ON orchestration_workflows
WHEN NEW.rev = OLD.rev AND NEW.status <> OLD.status
BEGIN
  UPDATE orchestration_workflows
     SET rev = NEW.rev + 1,
         failure_reason = CASE NEW.status WHEN 'failed' THEN coalesce(NEW.failure_reason, 'operator') END
   WHERE workflow_id = NEW.workflow_id;
  UPDATE orchestration_statistics SET n = n - 1
   WHERE tenant_id = NEW.tenant_id AND workflow_type = NEW.workflow_type AND status = OLD.status;
  INSERT INTO orchestration_statistics (tenant_id, workflow_type, status, n)
  VALUES (NEW.tenant_id, NEW.workflow_type, NEW.status, 1)
  ON CONFLICT (tenant_id, workflow_type, status) DO UPDATE SET n = n + 1;
  DELETE FROM orchestration_locks
   WHERE workflow_id = NEW.workflow_id AND NEW.status IN ('completed', 'rolled_back');
END;
