-- ?1 workflow ids, ?2 the present: a message has come. What nobody owns is due at once.
UPDATE orchestration_workflows
   SET rev = rev + 1, wake_at = CASE WHEN worker IS NULL THEN created_at ELSE wake_at END, updated_at = max(updated_at, ?2)
 WHERE workflow_id IN (SELECT value FROM json_each(?1))
