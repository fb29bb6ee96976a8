-- What is started again and again, and how far it has got.
CREATE TABLE orchestration_schedules (
  tenant_id     TEXT        NOT NULL,
  name          TEXT        NOT NULL,
  workflow_type TEXT        NOT NULL,
  input_data    JSON        NOT NULL,
  exclusion     JSON        NOT NULL,
  cron          TEXT        NOT NULL,
  time_zone     TEXT        NOT NULL,
  overlap       TEXT        NOT NULL CHECK (overlap IN ('skip', 'queue_one', 'allow', 'cancel_running')),
  catch_up      BIGINT      NOT NULL,
  priority      INTEGER     NOT NULL,
  paused        BOOLEAN     NOT NULL,
  next_at       TIMESTAMPTZ,
  queued_at     TIMESTAMPTZ,
  last_at       TIMESTAMPTZ,
  last_workflow TEXT COLLATE "C",
  due_at        TIMESTAMPTZ,
  created_at    TIMESTAMPTZ NOT NULL,
  rev           BIGINT      NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
COMMENT ON TABLE orchestration_schedules IS 'What is started again and again, and how far it has got. Change it through the API: every change raises rev.';
COMMENT ON COLUMN orchestration_schedules.queued_at IS 'A tick that waits for the workflow before it.';
COMMENT ON COLUMN orchestration_schedules.due_at IS 'When somebody should look at it.';
CREATE INDEX orchestration_schedules_due ON orchestration_schedules (due_at) WHERE due_at IS NOT NULL;
