-- For how long workers have watched what nobody knows. A row goes when a worker joins that knows it.
CREATE TABLE orchestration_watched_definitions (
  definition     TEXT    NOT NULL PRIMARY KEY,
  name           TEXT    NOT NULL,
  version        INTEGER NOT NULL,
  watched_micros INTEGER NOT NULL CHECK (watched_micros >= 0),
  looked_at      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
