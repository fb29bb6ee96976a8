-- ?1 one worker, or NULL for all; ?2 the present. Whatever it owned is unclean from now on, also what somebody ended
-- by hand while a step of it was under way; what is live is due at once.
UPDATE orchestration_workflows
   SET unclean = 1,
       takeovers = takeovers + (status NOT IN ('completed', 'rolled_back', 'failed')),
       wake_at = CASE WHEN status IN ('completed', 'rolled_back', 'failed') THEN wake_at ELSE created_at END,
       worker = NULL, rev = rev + 1, updated_at = max(updated_at, ?2)
 WHERE worker IS NOT NULL AND (?1 IS NULL OR worker = ?1)
