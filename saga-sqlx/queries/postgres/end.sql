-- $1 the worker, which wants to be dead: when this has returned no batch of it is under way.
WITH me AS MATERIALIZED (
  SELECT worker FROM orchestration_workers WHERE worker = $1 AND state = 'live' FOR UPDATE)
UPDATE orchestration_workers AS w SET state = 'dead' FROM me WHERE w.worker = me.worker
