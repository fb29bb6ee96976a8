-- One row per count instead of one per change. Two at once are safe: the second one finds nothing.
WITH old AS (DELETE FROM orchestration_statistics RETURNING *)
INSERT INTO orchestration_statistics (tenant_id, workflow_type, status, n, seconds)
SELECT tenant_id, workflow_type, status, sum(n), sum(seconds) FROM old
 GROUP BY tenant_id, workflow_type, status HAVING sum(n) <> 0 OR sum(seconds) <> 0
