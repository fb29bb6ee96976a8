-- A person's `UPDATE … SET status = …` does not raise `rev`; every writer of ours does. It must stick: the
-- owner's next decision finds another `rev` and is refused. The counts and the exclusion keys follow.
CREATE FUNCTION orchestration_manual_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.rev := OLD.rev + 1;
  NEW.failure_reason := CASE NEW.status WHEN 'failed' THEN coalesce(NEW.failure_reason, 'operator') END;
  EXECUTE format('INSERT INTO %I.orchestration_statistics (tenant_id, workflow_type, status, n)
                  VALUES ($1, $2, $3, -1), ($1, $2, $4, 1)', TG_TABLE_SCHEMA)
    USING NEW.tenant_id, NEW.workflow_type, OLD.status, NEW.status;
  IF NEW.status IN ('completed', 'rolled_back') THEN
    EXECUTE format('DELETE FROM %I.orchestration_locks WHERE workflow_id = $1', TG_TABLE_SCHEMA)
      USING NEW.workflow_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER orchestration_manual_update
BEFORE UPDATE OF status ON orchestration_workflows
FOR EACH ROW WHEN (NEW.rev = OLD.rev AND NEW.status IS DISTINCT FROM OLD.status)
EXECUTE FUNCTION orchestration_manual_update();
