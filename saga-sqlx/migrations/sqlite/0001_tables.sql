-- The journal. Times are text of fixed width in UTC ('2025-10-15T12:00:00.000000Z'): people read them, and they
-- compare as text in the order of time. JSON is text, as it was written.

-- The header: what is fixed at the start, and what decisions change.
CREATE TABLE orchestration_workflows (
  workflow_id        TEXT    NOT NULL PRIMARY KEY,
  tenant_id          TEXT    NOT NULL DEFAULT '',
  initiator_id       TEXT,
  idempotency_key    TEXT,
  input_hash         TEXT    NOT NULL,
  workflow_type      TEXT    NOT NULL,             -- the definition's name
  definition_version INTEGER NOT NULL,
  definition         TEXT    NOT NULL,             -- name@version#fingerprint
  total_steps        INTEGER NOT NULL,
  input_data         TEXT    NOT NULL,
  exclusion          TEXT    NOT NULL DEFAULT '[]', -- kept, so that a second run can take them again
  search_keys        TEXT    NOT NULL DEFAULT '[]',
  priority           INTEGER NOT NULL DEFAULT 0,
  deadline_at        TEXT,
  max_retries        INTEGER NOT NULL,
  created_at         TEXT    NOT NULL,
  created_by         INTEGER NOT NULL,             -- the commit that made it: its copy is recognised
  rev                INTEGER NOT NULL DEFAULT 0,   -- raised by everybody who writes the row
  last_commit        INTEGER,                      -- the last decision: its copy is recognised
  worker             INTEGER,
  unclean            INTEGER NOT NULL DEFAULT 0,
  takeovers          INTEGER NOT NULL DEFAULT 0,
  updated_at         TEXT    NOT NULL,
  status             TEXT    NOT NULL CHECK (status IN
    ('pending', 'running', 'waiting', 'completed', 'rolling_back', 'rolled_back', 'failed')),
  failure_reason     TEXT,
  run                INTEGER NOT NULL DEFAULT 1,
  context            TEXT,
  output_data        TEXT,
  error_message      TEXT,
  compensation_error TEXT,
  retry_count        INTEGER NOT NULL DEFAULT 0,
  rolled_back_once   INTEGER NOT NULL DEFAULT 0,
  current_step       TEXT,
  current_system     TEXT,
  wake_at            TEXT,
  started_at         TEXT,
  completed_at       TEXT,
  failed_at          TEXT
) WITHOUT ROWID;

CREATE UNIQUE INDEX orchestration_workflows_key ON orchestration_workflows (tenant_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX orchestration_workflows_worker ON orchestration_workflows (worker) WHERE worker IS NOT NULL;
CREATE INDEX orchestration_workflows_due ON orchestration_workflows (wake_at)
  WHERE worker IS NULL AND wake_at IS NOT NULL;
CREATE INDEX orchestration_workflows_newest ON orchestration_workflows (tenant_id, created_at, workflow_id);
CREATE INDEX orchestration_workflows_unfinished ON orchestration_workflows (tenant_id, status, created_at, workflow_id)
  WHERE status <> 'completed';
CREATE INDEX orchestration_workflows_step ON orchestration_workflows (tenant_id, current_step, created_at, workflow_id)
  WHERE current_step IS NOT NULL;
CREATE INDEX orchestration_workflows_system ON orchestration_workflows (tenant_id, current_system, created_at, workflow_id)
  WHERE current_system IS NOT NULL;

-- What the attempts of a step did. One b-tree, and none beside it on the happy path.
CREATE TABLE orchestration_workflow_steps (
  workflow_id       TEXT    NOT NULL,
  run               INTEGER NOT NULL,
  step_order        INTEGER NOT NULL,
  item              TEXT    NOT NULL DEFAULT '',
  rev               INTEGER NOT NULL,              -- a higher one replaces a lower one
  node              TEXT    NOT NULL,
  step_name         TEXT    NOT NULL,
  target_system     TEXT,
  status            TEXT    NOT NULL,
  effect            TEXT    NOT NULL,
  attempts          INTEGER NOT NULL,
  undo_attempts     INTEGER NOT NULL,
  key_generation    INTEGER NOT NULL,
  deaths            INTEGER NOT NULL,
  input_data        TEXT,
  output_data       TEXT,
  compensation_data TEXT,                          -- what was there before
  carry             TEXT,
  debt              TEXT,
  debt_note         TEXT,
  error_message     TEXT,
  started_at        TEXT,
  completed_at      TEXT,
  failed_at         TEXT,
  step_id     TEXT GENERATED ALWAYS AS (workflow_id || CASE run WHEN 1 THEN '' ELSE '_r' || run END
                    || '_step_' || step_order) VIRTUAL,
  retry_count INTEGER GENERATED ALWAYS AS (max(attempts - 1, 0)) VIRTUAL,
  created_at  TEXT GENERATED ALWAYS AS (coalesce(started_at, completed_at, failed_at)) VIRTUAL,
  PRIMARY KEY (workflow_id, run, step_order, item)
) WITHOUT ROWID;

CREATE INDEX orchestration_workflow_steps_debts ON orchestration_workflow_steps (workflow_id) WHERE debt = 'open';

-- The audit trail. A commit appends its events once.
CREATE TABLE orchestration_events (
  event_id    INTEGER PRIMARY KEY,
  workflow_id TEXT    NOT NULL,
  commit_id   INTEGER NOT NULL,
  n           INTEGER NOT NULL,
  run         INTEGER NOT NULL,
  at          TEXT    NOT NULL,
  kind        TEXT    NOT NULL,
  node        TEXT,
  attempt     INTEGER,
  message     TEXT    NOT NULL,
  actor       TEXT,
  UNIQUE (workflow_id, commit_id, n)
);

-- Incarnations. Never used twice.
CREATE TABLE orchestration_workers (
  worker    INTEGER PRIMARY KEY AUTOINCREMENT,
  name      TEXT NOT NULL,
  state     TEXT NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'dead')),
  joined_at TEXT NOT NULL
);

-- The inbox.
CREATE TABLE orchestration_signals (
  signal_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id TEXT NOT NULL,
  kind        TEXT NOT NULL,
  by          TEXT NOT NULL
);
CREATE INDEX orchestration_signals_workflow ON orchestration_signals (workflow_id);

-- Exclusion keys that are held.
CREATE TABLE orchestration_locks (
  tenant_id   TEXT NOT NULL,
  lock_key    TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, lock_key)
) WITHOUT ROWID;
CREATE INDEX orchestration_locks_workflow ON orchestration_locks (workflow_id);

-- Business keys by which people look for workflows.
CREATE TABLE orchestration_keys (
  tenant_id   TEXT NOT NULL,
  search_key  TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, search_key, workflow_id)
) WITHOUT ROWID;

-- The plans of all definitions that ever ran here.
CREATE TABLE orchestration_definitions (
  definition TEXT NOT NULL PRIMARY KEY,
  plan       TEXT NOT NULL
) WITHOUT ROWID;

-- Counts by type and status, kept by whoever changes a status. Beside the statuses: 'entered_rollback'.
CREATE TABLE orchestration_statistics (
  tenant_id     TEXT    NOT NULL,
  workflow_type TEXT    NOT NULL,
  status        TEXT    NOT NULL,
  n             INTEGER NOT NULL,
  seconds       REAL    NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, workflow_type, status)
) WITHOUT ROWID;
