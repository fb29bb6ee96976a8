-- For how long workers have watched what nobody knows.
CREATE TABLE orchestration_watched_definitions (
  definition     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  name           TEXT             NOT NULL,
  version        INTEGER          NOT NULL,
  watched_micros BIGINT           NOT NULL CHECK (watched_micros >= 0),
  looked_at      TIMESTAMPTZ      NOT NULL
);
COMMENT ON TABLE orchestration_watched_definitions IS 'Definitions that no live worker knows although workflows of them are due, and for how long workers have seen that. A row goes when a worker joins that knows it.';
