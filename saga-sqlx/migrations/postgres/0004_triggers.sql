-- Which events start something.
CREATE TABLE orchestration_triggers (
  trigger_name TEXT NOT NULL PRIMARY KEY,
  event_name   TEXT NOT NULL
);
COMMENT ON TABLE orchestration_triggers IS 'Which events start something.';
CREATE INDEX orchestration_triggers_event ON orchestration_triggers (event_name);

CREATE TABLE orchestration_triggered (
  triggered_id BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  trigger_name TEXT        NOT NULL,
  tenant_id    TEXT        NOT NULL,
  name         TEXT        NOT NULL,
  event_key    TEXT        NOT NULL,
  value        JSON        NOT NULL,
  by           TEXT,
  at           TIMESTAMPTZ NOT NULL,
  kept_until   TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE orchestration_triggered IS 'Events that have to start something, written together with the event and removed when the workflow is there. An id is never used twice: the idempotency key of the workflow is made of it.';
CREATE INDEX orchestration_triggered_trigger ON orchestration_triggered (trigger_name, triggered_id);
CREATE INDEX orchestration_triggered_kept ON orchestration_triggered (kept_until);
