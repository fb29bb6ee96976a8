-- What is started again and again, and how far it has got.
CREATE TABLE orchestration_schedules (
  tenant_id     TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  workflow_type TEXT    NOT NULL,
  input_data    TEXT    NOT NULL,
  exclusion     TEXT    NOT NULL,
  cron          TEXT    NOT NULL,
  time_zone     TEXT    NOT NULL,
  overlap       TEXT    NOT NULL,
  catch_up      INTEGER NOT NULL,
  priority      INTEGER NOT NULL,
  paused        INTEGER NOT NULL,
  next_at       TEXT,
  queued_at     TEXT,                              -- a tick that waits for the workflow before it
  last_at       TEXT,
  last_workflow TEXT,
  due_at        TEXT,                              -- when somebody should look at it
  created_at    TEXT    NOT NULL,
  rev           INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, name)
) WITHOUT ROWID;
CREATE INDEX orchestration_schedules_due ON orchestration_schedules (due_at) WHERE due_at IS NOT NULL;
