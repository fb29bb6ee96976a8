-- $1 a dead worker: its row goes when nothing names it any more.
DELETE FROM orchestration_workers AS d
 WHERE d.worker = $1 AND d.state = 'dead'
   AND NOT EXISTS (SELECT FROM orchestration_workflows AS w WHERE w.worker = d.worker)
