-- Which events start something.
CREATE TABLE orchestration_triggers (
  trigger_name TEXT NOT NULL PRIMARY KEY,
  event_name   TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX orchestration_triggers_event ON orchestration_triggers (event_name);

-- Events that have to, written together with the event and removed when the workflow is there. An id is never used
-- twice: the workflow's idempotency key is made of it.
CREATE TABLE orchestration_triggered (
  triggered_id INTEGER PRIMARY KEY AUTOINCREMENT,
  trigger_name TEXT NOT NULL,
  tenant_id    TEXT NOT NULL,
  name         TEXT NOT NULL,
  event_key    TEXT NOT NULL,
  value        TEXT NOT NULL,
  by           TEXT,
  at           TEXT NOT NULL,
  kept_until   TEXT NOT NULL
);
CREATE INDEX orchestration_triggered_trigger ON orchestration_triggered (trigger_name, triggered_id);
CREATE INDEX orchestration_triggered_kept ON orchestration_triggered (kept_until);
