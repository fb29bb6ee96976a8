-- Whoever owns what a person ends is told at once, and not only when it looks for its mail.
CREATE OR REPLACE FUNCTION orchestration_manual_update() RETURNS trigger LANGUAGE plpgsql AS $$
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
  IF OLD.worker IS NOT NULL THEN
    EXECUTE format('SELECT pg_notify(''orchestration_'' || identity, $1) FROM %I.orchestration_store', TG_TABLE_SCHEMA)
      USING OLD.worker::text;
  END IF;
  RETURN NEW;
END $$;
