-- ?1 its name, ?2 rows of name, version, fingerprint: the definitions that it knows, ?3 the present.
INSERT INTO orchestration_workers (name, definitions, joined_at) VALUES (?1, ?2, ?3) RETURNING worker
