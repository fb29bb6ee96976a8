-- Events from outside, for workflows that wait for them. (orchestration_events is the audit trail.)
CREATE TABLE orchestration_published_events (
  event_id   INTEGER PRIMARY KEY,                  -- ascending: of one time, the first one wins
  tenant_id  TEXT NOT NULL,
  name       TEXT NOT NULL,
  event_key  TEXT NOT NULL,
  value      TEXT NOT NULL,
  by         TEXT,
  at         TEXT NOT NULL,
  kept_until TEXT NOT NULL
);
CREATE INDEX orchestration_published_events_wanted
  ON orchestration_published_events (tenant_id, name, event_key, at);
CREATE INDEX orchestration_published_events_kept ON orchestration_published_events (kept_until);
