-- $1 the worker: no row if it is dead, else the time. This changes no key, so it waits for no batch and no batch for it.
UPDATE orchestration_workers SET lease_until = clock_timestamp() + lease
 WHERE worker = $1 AND state = 'live' RETURNING clock_timestamp()
