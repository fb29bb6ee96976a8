-- ?1 one worker, or NULL for all.
UPDATE orchestration_workers SET state = 'dead' WHERE state = 'live' AND (?1 IS NULL OR worker = ?1)
