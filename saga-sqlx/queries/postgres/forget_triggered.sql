-- $1 the present, or NULL; $2 a trigger, or NULL: what was remembered for it, or is not kept any more. What somebody
-- else forgets just then is left to him.
DELETE FROM orchestration_triggered
 WHERE triggered_id IN (
   SELECT triggered_id FROM orchestration_triggered
    WHERE kept_until <= $1::timestamptz OR trigger_name = $2
      FOR UPDATE SKIP LOCKED)
