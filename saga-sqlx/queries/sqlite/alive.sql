-- ?1 the worker.
SELECT EXISTS (SELECT 1 FROM orchestration_workers WHERE worker = ?1 AND state = 'live')
