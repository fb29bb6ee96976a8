-- $1 its name, $2 rows of name, version, fingerprint: the definitions that it knows, $3 its lease in seconds. Answers its name, and the time.
INSERT INTO orchestration_workers (name, definitions, lease, lease_until)
VALUES ($1, $2::json, make_interval(secs => $3), clock_timestamp() + make_interval(secs => $3)) RETURNING worker, clock_timestamp()
