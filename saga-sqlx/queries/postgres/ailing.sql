-- $1 who asks: the workers that are silent for too long, and the dead ones that still own something.
SELECT worker, state = 'dead' FROM orchestration_workers
 WHERE worker <> $1 AND (state = 'dead' OR lease_until < clock_timestamp())
 ORDER BY worker
