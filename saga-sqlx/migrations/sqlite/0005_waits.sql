-- The register of what live workflows wait for. Who publishes an event writes it first and reads this after it.
CREATE TABLE orchestration_waits (
  tenant_id   TEXT NOT NULL,
  name        TEXT NOT NULL,
  event_key   TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, name, event_key, workflow_id)
) WITHOUT ROWID;
CREATE INDEX orchestration_waits_workflow ON orchestration_waits (workflow_id);

-- A step for each of several items has a row for each.
ALTER TABLE orchestration_workflow_steps DROP COLUMN step_id;
ALTER TABLE orchestration_workflow_steps ADD COLUMN step_id TEXT GENERATED ALWAYS AS (workflow_id
  || CASE run WHEN 1 THEN '' ELSE '_r' || run END || '_step_' || step_order
  || CASE item WHEN '' THEN '' ELSE '_' || item END) VIRTUAL;
