-- $1 the worker, for whoever only reads.
SELECT EXISTS (SELECT FROM orchestration_workers WHERE worker = $1 AND state = 'live')
