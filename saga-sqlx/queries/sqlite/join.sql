-- ?1 its name, ?2 the present.
INSERT INTO orchestration_workers (name, joined_at) VALUES (?1, ?2) RETURNING worker
