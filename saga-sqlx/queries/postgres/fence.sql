-- $1 the worker: declares it dead if it is silent for too long. It waits for the batches that are under way, and looks
-- again when they have ended: a heartbeat that came meanwhile wins.
WITH silent AS MATERIALIZED (
  SELECT worker FROM orchestration_workers
   WHERE worker = $1 AND state = 'live' AND lease_until < clock_timestamp() FOR UPDATE)
UPDATE orchestration_workers AS w SET state = 'dead' FROM silent WHERE w.worker = silent.worker
