-- $1 the worker: no row if it is dead. Nobody can declare it dead before this transaction ends.
SELECT worker FROM orchestration_workers WHERE worker = $1 AND state = 'live' FOR KEY SHARE
