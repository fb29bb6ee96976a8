-- The journal. JSON stands in `json`, which keeps the text as it was written and costs less than `jsonb`; the
-- operators (`->`, `->>`) are the same. No foreign keys: each step's row would lock its header.

-- Which database this is: a transaction of the user's own is held against it.
CREATE TABLE orchestration_store (
  identity UUID NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO orchestration_store DEFAULT VALUES;

CREATE TABLE orchestration_workflows (
  workflow_id        TEXT COLLATE "C"        NOT NULL PRIMARY KEY,
  tenant_id          TEXT        NOT NULL DEFAULT '',
  initiator_id       TEXT,
  idempotency_key    TEXT,
  input_hash         TEXT        NOT NULL,
  workflow_type      TEXT        NOT NULL,
  definition_version INTEGER     NOT NULL,
  definition         TEXT        NOT NULL,
  total_steps        INTEGER     NOT NULL,
  input_data         JSON        NOT NULL,
  exclusion          JSON        NOT NULL DEFAULT '[]',
  search_keys        JSON        NOT NULL DEFAULT '[]',
  priority           INTEGER     NOT NULL DEFAULT 0,
  deadline_at        TIMESTAMPTZ,
  max_retries        INTEGER     NOT NULL,
  created_at         TIMESTAMPTZ NOT NULL,
  created_by         BIGINT      NOT NULL,
  rev                BIGINT      NOT NULL DEFAULT 0,
  last_commit        BIGINT,
  worker             BIGINT,
  unclean            BOOLEAN     NOT NULL DEFAULT false,
  takeovers          INTEGER     NOT NULL DEFAULT 0,
  updated_at         TIMESTAMPTZ NOT NULL,
  status             TEXT        NOT NULL CONSTRAINT orchestration_workflows_status_is_known CHECK (status IN
    ('pending', 'running', 'waiting', 'completed', 'rolling_back', 'rolled_back', 'failed')),
  failure_reason     TEXT,
  run                INTEGER     NOT NULL DEFAULT 1,
  context            JSON,
  output_data        JSON,
  error_message      TEXT,
  compensation_error TEXT,
  retry_count        INTEGER     NOT NULL DEFAULT 0,
  rolled_back_once   BOOLEAN     NOT NULL DEFAULT false,
  turned_back        BOOLEAN     NOT NULL DEFAULT false,
  leaves_intents     BOOLEAN     NOT NULL DEFAULT false,
  current_step       TEXT,
  current_system     TEXT,
  wake_at            TIMESTAMPTZ,
  started_at         TIMESTAMPTZ,
  completed_at       TIMESTAMPTZ,
  failed_at          TIMESTAMPTZ
);
COMMENT ON TABLE orchestration_workflows IS 'Headers: what is fixed at a workflow''s start, and what decisions change.';
COMMENT ON COLUMN orchestration_workflows.workflow_type IS 'The definition''s name.';
COMMENT ON COLUMN orchestration_workflows.definition IS 'name@version#fingerprint';
COMMENT ON COLUMN orchestration_workflows.exclusion IS 'Kept, so that a second run can take them again.';
COMMENT ON COLUMN orchestration_workflows.created_by IS 'The commit that made it: its copy is recognised.';
COMMENT ON COLUMN orchestration_workflows.rev IS 'Raised by everybody who writes the row.';
COMMENT ON COLUMN orchestration_workflows.last_commit IS 'The last decision: its copy is recognised.';
COMMENT ON COLUMN orchestration_workflows.unclean IS 'Its owner died; what may have been under way then is not known yet.';

CREATE UNIQUE INDEX orchestration_workflows_key ON orchestration_workflows (tenant_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX orchestration_workflows_worker ON orchestration_workflows (worker) WHERE worker IS NOT NULL;
-- Normally empty: only a person's UPDATE ends what somebody owns.
CREATE INDEX orchestration_workflows_lost ON orchestration_workflows (worker)
  WHERE worker IS NOT NULL AND status IN ('completed', 'rolled_back', 'failed');
CREATE INDEX orchestration_workflows_due ON orchestration_workflows (wake_at)
  WHERE worker IS NULL AND wake_at IS NOT NULL;
CREATE INDEX orchestration_workflows_newest ON orchestration_workflows (tenant_id, created_at, workflow_id);
CREATE INDEX orchestration_workflows_status ON orchestration_workflows (tenant_id, status, created_at, workflow_id);
CREATE INDEX orchestration_workflows_type ON orchestration_workflows (tenant_id, workflow_type, created_at, workflow_id);
CREATE INDEX orchestration_workflows_step ON orchestration_workflows (tenant_id, current_step, created_at, workflow_id)
  WHERE current_step IS NOT NULL;
CREATE INDEX orchestration_workflows_system ON orchestration_workflows (tenant_id, current_system, created_at, workflow_id)
  WHERE current_system IS NOT NULL;

CREATE TABLE orchestration_workflow_steps (
  workflow_id       TEXT COLLATE "C"    NOT NULL,
  run               INTEGER NOT NULL,
  step_order        INTEGER NOT NULL,
  item              TEXT COLLATE "C"    NOT NULL DEFAULT '',
  rev               BIGINT  NOT NULL,
  node              TEXT    NOT NULL,
  step_name         TEXT    NOT NULL,
  target_system     TEXT,
  status            TEXT    NOT NULL,
  effect            TEXT    NOT NULL,
  attempts          INTEGER NOT NULL,
  undo_attempts     INTEGER NOT NULL,
  key_generation    INTEGER NOT NULL,
  deaths            INTEGER NOT NULL,
  input_data        JSON,
  output_data       JSON,
  compensation_data JSON,
  carry             JSON,
  debt              TEXT,
  debt_note         TEXT,
  error_message     TEXT,
  started_at        TIMESTAMPTZ,
  completed_at      TIMESTAMPTZ,
  failed_at         TIMESTAMPTZ,
  step_id     TEXT GENERATED ALWAYS AS (workflow_id || CASE run WHEN 1 THEN '' ELSE '_r' || run::text END
                || '_step_' || step_order::text || CASE item WHEN '' THEN '' ELSE '_' || item END) STORED,
  retry_count INTEGER     GENERATED ALWAYS AS (greatest(attempts - 1, 0)) STORED,
  created_at  TIMESTAMPTZ GENERATED ALWAYS AS (coalesce(started_at, completed_at, failed_at)) STORED,
  PRIMARY KEY (workflow_id, run, step_order, item)
);
COMMENT ON TABLE orchestration_workflow_steps IS 'What the attempts of a step did. On the happy path one index, the primary key.';
COMMENT ON COLUMN orchestration_workflow_steps.rev IS 'A row of a higher one replaces a row of a lower one.';
COMMENT ON COLUMN orchestration_workflow_steps.compensation_data IS 'What was there before the step.';
COMMENT ON COLUMN orchestration_workflow_steps.carry IS 'Values that became ready with this row.';

CREATE INDEX orchestration_workflow_steps_debts ON orchestration_workflow_steps (workflow_id) WHERE debt = 'open';

CREATE TABLE orchestration_events (
  event_id    BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workflow_id TEXT COLLATE "C"        NOT NULL,
  commit_id   BIGINT      NOT NULL,
  n           INTEGER     NOT NULL,
  run         INTEGER     NOT NULL,
  at          TIMESTAMPTZ NOT NULL,
  kind        TEXT        NOT NULL,
  node        TEXT,
  attempt     INTEGER,
  message     TEXT        NOT NULL,
  actor       TEXT,
  UNIQUE (workflow_id, commit_id, n)
);
COMMENT ON TABLE orchestration_events IS 'The audit trail. A commit appends its events once.';
CREATE INDEX orchestration_events_trail ON orchestration_events (workflow_id, event_id);

-- No index on state or lease: a heartbeat shall stay within its page.
CREATE TABLE orchestration_workers (
  worker      BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        TEXT        NOT NULL,
  state       TEXT        NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'dead')),
  lease       INTERVAL    NOT NULL,
  lease_until TIMESTAMPTZ NOT NULL,
  definitions JSON        NOT NULL DEFAULT '[]',
  joined_at   TIMESTAMPTZ NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON TABLE orchestration_workers IS 'Incarnations, never used twice. Whoever writes as a worker locks its live row FOR KEY SHARE; whoever declares it dead locks it FOR UPDATE. A dead one stays until nothing names it.';
COMMENT ON COLUMN orchestration_workers.lease_until IS 'By this database''s clock; from then on others may declare it dead.';

CREATE TABLE orchestration_signals (
  signal_id   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workflow_id TEXT COLLATE "C"   NOT NULL,
  kind        TEXT   NOT NULL,
  by          TEXT   NOT NULL
);
COMMENT ON TABLE orchestration_signals IS 'The inbox.';
CREATE INDEX orchestration_signals_workflow ON orchestration_signals (workflow_id);

CREATE TABLE orchestration_locks (
  tenant_id   TEXT NOT NULL,
  lock_key    TEXT NOT NULL,
  workflow_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, lock_key)
);
COMMENT ON TABLE orchestration_locks IS 'Exclusion keys that are held.';
CREATE INDEX orchestration_locks_workflow ON orchestration_locks (workflow_id);

CREATE TABLE orchestration_keys (
  tenant_id   TEXT NOT NULL,
  search_key  TEXT NOT NULL,
  workflow_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, search_key, workflow_id)
);
COMMENT ON TABLE orchestration_keys IS 'Business keys by which people look for workflows.';

CREATE TABLE orchestration_definitions (
  definition TEXT NOT NULL PRIMARY KEY,
  plan       TEXT NOT NULL
);
COMMENT ON TABLE orchestration_definitions IS 'The plans of all definitions that ever ran here.';

-- One counter per status would be one row that every commit waits for.
CREATE TABLE orchestration_statistics (
  tenant_id     TEXT             NOT NULL,
  workflow_type TEXT             NOT NULL,
  status        TEXT             NOT NULL,
  n             BIGINT           NOT NULL,
  seconds       DOUBLE PRECISION NOT NULL DEFAULT 0
);
COMMENT ON TABLE orchestration_statistics IS 'Changes of the counts by type and status, appended and folded now and then: read their sum. Beside the statuses: entered_rollback.';

CREATE TABLE orchestration_published_events (
  event_id   BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id  TEXT        NOT NULL,
  name       TEXT        NOT NULL,
  event_key  TEXT        NOT NULL,
  value      JSON        NOT NULL,
  by         TEXT,
  at         TIMESTAMPTZ NOT NULL,
  kept_until TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE orchestration_published_events IS 'Events from outside, for workflows that wait for them.';
CREATE INDEX orchestration_published_events_wanted
  ON orchestration_published_events (tenant_id, name, event_key, at);
CREATE INDEX orchestration_published_events_kept ON orchestration_published_events (kept_until);

CREATE TABLE orchestration_waits (
  tenant_id   TEXT NOT NULL,
  name        TEXT NOT NULL,
  event_key   TEXT NOT NULL,
  workflow_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, name, event_key, workflow_id)
);
COMMENT ON TABLE orchestration_waits IS 'The register of what live workflows wait for. Who publishes an event commits it first and reads this after it.';
CREATE INDEX orchestration_waits_workflow ON orchestration_waits (workflow_id);
